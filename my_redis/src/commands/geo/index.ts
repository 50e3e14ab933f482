import { geoadd } from "./geoadd.ts";
import { geodist, geohash, geopos } from "./geopos.ts";
import {
  georadius,
  georadiusbymember,
  georadiusbymemberRo,
  georadiusRo,
  geosearch,
  geosearchstore,
} from "./geosearch.ts";

export const geoCommands = [
  geoadd,
  geodist,
  geohash,
  geopos,
  geosearch,
  geosearchstore,
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
];
