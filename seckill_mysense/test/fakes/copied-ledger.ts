import { Database } from "bun:sqlite";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";

/** A ledger in a file, of which tables can be put back to a copy while programs run on it. */
export function copiedLedger(tables: readonly string[]) {
  const folder = temporaryFolder("copied-ledger");
  const [ledgerFile, copyFile] = [join(folder, "ledger.sqlite"), join(folder, "copy.sqlite")];
  const onFile = (work: (database: Database) => void): void => {
    using database = new Database(ledgerFile);
    work(database);
  };
  return {
    ledgerFile,
    copy: () => onFile((database) => database.run("vacuum into ?", [copyFile])),
    putBack: () =>
      onFile((database) => {
        database.run("attach ? as copy", [copyFile]);
        database.transaction(() => {
          for (const table of tables) {
            database.run(`delete from ${table}`);
            database.run(`insert into ${table} select * from copy.${table}`);
          }
        })();
      }),
  };
}
