#!/bin/sh
# Ends what a test process started, once that process is gone, however it went: its end of our standard input closes
# on a normal exit, on a crash and on kill -9 alike. Nothing inside the test process could promise that.
#
# usage: reaper.sh <register>
# Lines of the register, a file that the test process appends to:
#   process <id>    a process group leader to kill
#   ended <id>      it has ended; its id may already belong to another process
#   folder <path>   a folder to remove
trap '' INT TERM HUP
register=$1

cat >/dev/null

processes=' '
while IFS= read -r line; do
  id=${line#* }
  case "$line" in
    "process "*) processes="$processes$id " ;;
    "ended "*)
      case "$processes" in
        *" $id "*) processes="${processes%%" $id "*} ${processes#*" $id "}" ;;
      esac
      ;;
  esac
done <"$register"

for id in $processes; do kill -KILL "-$id" 2>/dev/null; done

while IFS= read -r line; do
  case "$line" in
    "folder "*)
      folder=${line#* }
      # A process that was just killed may still be finishing a write into its folder.
      rm -rf "$folder" 2>/dev/null || { sleep 0.2; rm -rf "$folder"; }
      ;;
  esac
done <"$register"
rm -f "$register"
