import { maxNameKeyLength, nameKey, type RegisteredUser, type User } from "../../domain/user.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { describeBadIdentifier, isIdentifier } from "../../domain/identifier.ts";
import { InvalidUserError } from "../ledger-errors.ts";
import type { LedgerUsers } from "../users.ts";
import { toUser } from "./rows.ts";

const maxNameLength = 100;
const maxPasswordHashLength = 500;

export class SqlUsers implements LedgerUsers {
  readonly #database: RetryingDatabase;

  constructor(database: RetryingDatabase) {
    this.#database = database;
  }

  async create(user: User): Promise<"created" | "taken" | "person_taken"> {
    checkUser(user);
    const key = nameKey(user.name);
    return this.#database.write(async (transaction) => {
      const known = transaction.selectFrom("users").select(["id", "name_key"]);
      const holder = await known.where("name_key", "=", key).executeTakeFirst();
      // The same user again: an earlier attempt was committed, but its answer was lost.
      if (holder !== undefined) return holder.id === user.id ? "created" : "taken";
      const other = await known.where("id", "=", user.id).executeTakeFirst();
      if (other !== undefined)
        throw new InvalidUserError(`the user's id is ${user.id}, which ${other.name_key} has already`);
      const { id, name, passwordHash, createdAtMs, personId } = user;
      if (personId !== undefined) {
        const person = transaction.selectFrom("persons").select("user_id").where("person_id", "=", personId);
        if ((await person.executeTakeFirst()) !== undefined) return "person_taken";
        await transaction.insertInto("persons").values({ person_id: personId, user_id: id }).execute();
      }
      const row = { id, name, name_key: key, password_hash: passwordHash, created_at_ms: createdAtMs };
      await transaction.insertInto("users").values(row).execute();
      return "created";
    });
  }

  async findByName(name: string): Promise<RegisteredUser | undefined> {
    const row = await this.#database.read((database) =>
      database
        .selectFrom("users")
        .leftJoin("persons", "persons.user_id", "users.id")
        .selectAll("users")
        .select("persons.person_id")
        .where("name_key", "=", nameKey(name))
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : toUser(row);
  }
}

function checkUser(user: User): void {
  if (!isIdentifier(user.id)) throw new InvalidUserError(describeBadIdentifier("the user's id", user.id));
  const key = nameKey(user.name);
  const fits = user.name.length <= maxNameLength && key.length <= maxNameKeyLength && user.name.isWellFormed();
  if (key === "" || !fits) {
    const shown = JSON.stringify(user.name).slice(0, 100);
    throw new InvalidUserError(`the user's name is ${shown}; it must have 1 to ${maxNameLength} characters`);
  }
  if (user.personId !== undefined && !isIdentifier(user.personId)) {
    throw new InvalidUserError(describeBadIdentifier("the person's id", user.personId));
  }
  if (user.passwordHash.length > maxPasswordHashLength) {
    throw new InvalidUserError(
      `the password hash of user ${user.id} has ${user.passwordHash.length} characters, at most ${maxPasswordHashLength} fit`,
    );
  }
}
