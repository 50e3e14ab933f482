#!/bin/sh
# Ends what a test process started, once that process is gone, however it went: its end of our standard input closes
# on a normal exit, on a crash and on kill -9 alike. Nothing inside the test process could promise that.
#
# Lines on standard input:
#   process <id>    a process group leader to kill
#   ended <id>      it has ended; its id may already belong to somebody else
#   folder <path>   a folder to remove
trap '' INT TERM HUP

processes=' '
folders=''
newline='
'
while IFS= read -r line; do
  word=${line%% *}
  rest=${line#* }
  case "$word" in
    process) processes="$processes$rest " ;;
    ended)
      case "$processes" in
        *" $rest "*) processes="${processes%%" $rest "*} ${processes#*" $rest "}" ;;
      esac
      ;;
    folder) folders="$folders$rest$newline" ;;
  esac
done

for id in $processes; do kill -KILL "-$id" 2>/dev/null; done
printf '%s' "$folders" | while IFS= read -r folder; do
  # A process that was just killed may still be finishing a write into its folder.
  rm -rf "$folder" 2>/dev/null || { sleep 0.2; rm -rf "$folder"; }
done
