/**
 * Every refusal of the HTTP interface: its code (`error` in the JSON body), its status, and a sentence for people.
 * Codes are part of the contract and never change their meaning.
 */
export const failures = {
  malformed_json: { status: 400, message: "The body is not valid JSON." },
  invalid_request: { status: 400, message: "A field of the request is missing or not of the right form." },
  callback_malformed: { status: 400, message: "The callback says nothing that this server understands." },
  missing_product: { status: 400, message: "Name the product: /check?productID=..." },

  key_in_address: {
    status: 400,
    message: "Addresses are logged: send the key in the header Authorization, and replace this key.",
  },

  session_required: { status: 401, message: "Log in first." },
  wrong_credentials: { status: 401, message: "No user has this name and password." },
  token_missing: { status: 401, message: "A token is needed: get one from POST /api/token." },
  token_malformed: { status: 401, message: "This is not a token of this shop." },
  token_unknown_key: { status: 401, message: "The token was signed with a key that is not, or no longer, in use." },
  token_forged: { status: 401, message: "The token's signature is wrong." },
  token_expired: { status: 401, message: "The token has expired." },
  token_revoked: { status: 401, message: "The session that got this token is over: log in and get a new token." },

  internal_secret_wrong: { status: 401, message: "This address is for programs that have the internal secret." },

  program_key_wrong: { status: 401, message: "This address is for programs that have a key." },

  callback_forged: { status: 401, message: "The callback's signature is missing or wrong." },
  callback_too_old: { status: 401, message: "The callback's signature is of another time than now." },

  token_wrong_product: { status: 403, message: "The token is for another product." },
  not_owner: { status: 403, message: "This reservation belongs to another user." },
  program_not_allowed: { status: 403, message: "This program has no right to do that." },
  invitation_required: { status: 403, message: "Only who has an invitation may register and buy here." },
  invitation_invalid: { status: 403, message: "This is no invitation of this shop, or it is no longer valid." },
  room_required: { status: 403, message: "This sale has a waiting room: enter it with POST /api/room." },
  code_required: {
    status: 403,
    message: "This sale is for invited users: hand in your code with POST /api/invitation-code.",
  },
  code_invalid: { status: 403, message: "This is no invitation code of this sale." },
  code_not_yours: { status: 403, message: "This invitation code is for another user." },
  code_revoked: { status: 403, message: "This invitation code was taken back." },
  work_required: {
    status: 403,
    message: "Something has to be computed before: GET /api/work, for a waiting room GET /api/room/work.",
  },
  work_invalid: {
    status: 403,
    message: "This work is not done, is not for this, is too old or was used: ask for a new challenge.",
  },
  cross_site: { status: 403, message: "Requests that change something must come from this site's own pages." },

  not_found: { status: 404, message: "There is nothing at this address." },
  product_not_found: { status: 404, message: "There is no such product." },
  sale_not_found: { status: 404, message: "There is no such sale." },
  room_not_found: { status: 404, message: "This sale has no waiting room." },
  reservation_not_found: { status: 404, message: "There is no such reservation." },
  order_not_found: { status: 404, message: "There is no such order." },

  not_waiting: { status: 404, message: "You have not joined the waiting list of this product." },
  waiting_list_off: { status: 404, message: "This shop has no waiting lists." },

  payment_not_found: { status: 404, message: "There is no such payment." },
  payments_off: { status: 404, message: "This sale takes no payments through a provider." },

  method_not_allowed: { status: 405, message: "This address does not take that method." },

  body_too_slow: { status: 408, message: "The body took too long to arrive." },

  sale_conflict: { status: 409, message: "The sale exists, or somebody changed it meanwhile." },
  units_gone: { status: 409, message: "Buyers have the units that were to be taken out." },
  units_left: { status: 409, message: "The product is not sold out: ask for a unit at /check." },
  limit_reached: { status: 409, message: "You hold as many units of this product as one buyer may." },
  waiting_list_full: { status: 409, message: "As many people wait for this product as its list can hold." },
  too_few_left: { status: 409, message: "Fewer units are left than you asked for: ask for fewer." },
  over_limit: { status: 409, message: "With the units that you hold, this would be more than one user may buy." },
  person_taken: { status: 409, message: "The person of this invitation has an account: log in." },
  code_taken: { status: 409, message: "Another user has used this invitation code." },
  name_taken: { status: 409, message: "A user of this name exists already." },
  order_not_payable: { status: 409, message: "The order can no longer be paid." },
  order_not_cancellable: { status: 409, message: "The order can no longer be cancelled." },

  request_conflict: { status: 409, message: "This request id stands for another product, quantity or user." },
  user_limit: { status: 409, message: "The user holds as many units as the sale allows." },
  not_confirmable: { status: 409, message: "The reservation can no longer be confirmed." },
  not_releasable: { status: 409, message: "The reservation can no longer be released." },

  sold_out: { status: 410, message: "All units of this product are taken." },
  sale_ended: { status: 410, message: "The sale is over." },
  room_place_expired: {
    status: 410,
    message: "Your place in the waiting room was not used in time, and has passed on.",
  },
  room_closed: { status: 410, message: "The entry of this ballot is over." },
  bundle_broken: { status: 410, message: "One product of the bundle was refused: get a new token to try again." },

  body_too_large: { status: 413, message: "The body is larger than this server accepts." },
  address_too_long: { status: 414, message: "The address is longer than this server accepts." },
  unsupported_media_type: { status: 415, message: "Send the body as application/json." },
  not_started: { status: 425, message: "The sale has not started yet." },
  room_not_open: { status: 425, message: "The entry of the waiting room is not open yet." },
  room_not_admitted: { status: 425, message: "You are not admitted from the waiting room yet." },
  room_not_drawn: { status: 425, message: "The order of the waiting room is not known yet." },
  limited: { status: 429, message: "Too many requests: wait before you try again." },
  address_limited: { status: 429, message: "Too many requests from this address: wait before you try again." },
  banned: { status: 429, message: "Too many requests although they were refused: wait before you try again." },

  internal: { status: 500, message: "Something went wrong on the server." },
  overloaded: { status: 503, message: "The server is busy: try again with the same token." },
  room_full: { status: 503, message: "As many people have entered the waiting room as it can hold." },
  room_unavailable: { status: 503, message: "This server does not know the waiting room now: try again." },
  sale_paused: { status: 503, message: "The sale of this product is paused: try again with the same token." },
  gate_closed: { status: 503, message: "This product cannot be sold for a moment: try again with the same token." },
  gate_unavailable: {
    status: 503,
    message: "It is unknown whether the reservation was made: try again with the same token, it reserves once at most.",
  },
  not_recorded_yet: { status: 503, message: "The reservation is on its way to the book of orders: try again." },
  gate_behind: { status: 503, message: "The change is recorded, and reaches the gate as soon as it answers." },
  ledger_unavailable: { status: 503, message: "The book of orders cannot be reached: try again." },
  payment_unavailable: { status: 503, message: "The provider of payments cannot be reached: try again." },
  too_many_listeners: { status: 503, message: "Too many clients are listening for events: poll instead." },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type FailureCode = keyof typeof failures;
