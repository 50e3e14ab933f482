import type { Migration } from "./migration.ts";

/** Sales for invited users. See docs/decisions/0104. */
export const invitationCodes: Migration = {
  version: 17,
  name: "invitation codes",
  statements: ({ types: { id, integer, fixedBytes, text }, addColumn, createTable }) => [
    ...addColumn("sales", "invited_only", integer),
    ...addColumn("sales", "code_key", fixedBytes(32)),
    ...createTable({
      name: "invitation_codes",
      lines: [
        `sale_id ${id} not null`,
        `number ${integer} not null`,
        `name_key ${text(200)}`,
        `made_at_ms ${integer} not null`,
        `user_id ${id}`,
        `used_at_ms ${integer}`,
        // 1 from the use until the code is revoked, otherwise null: a user has one code of a sale, and nulls are never equal.
        `in_force ${integer}`,
        `revoked_at_ms ${integer}`,
        "primary key (sale_id, number)",
        "constraint one_code_of_user unique (sale_id, user_id, in_force)",
      ],
    }),
  ],
};
