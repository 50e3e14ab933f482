import { container } from "../../../dispatch/container.ts";
import { clientGetname, clientId, clientSetinfo, clientSetname } from "./identity.ts";
import { clientKill } from "./kill.ts";
import { clientInfo, clientList } from "./list.ts";
import { clientNoEvict, clientNoTouch, clientReply } from "./modes.ts";
import { clientPause, clientUnpause } from "./pause.ts";
import { clientCaching, clientGetredir, clientTracking, clientTrackinginfo } from "./tracking.ts";
import { clientUnblock } from "./unblock.ts";

export const client = container({
  name: "CLIENT",
  group: "connection",
  since: "2.4.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that inspect and control client connections.",
  flags: [],
  helpSince: "5.0.0",
  subcommands: [
    clientCaching,
    clientGetname,
    clientGetredir,
    clientId,
    clientInfo,
    clientKill,
    clientList,
    clientNoEvict,
    clientNoTouch,
    clientPause,
    clientReply,
    clientSetinfo,
    clientSetname,
    clientTracking,
    clientTrackinginfo,
    clientUnblock,
    clientUnpause,
  ],
});
