/**
 * The first byte of what is hashed or signed says what it is, so a statement of one kind is never taken for one of another kind.
 * `leaf` and `node` are those of RFC 6962.
 */
export const tags = {
  leaf: 0x00,
  node: 0x01,
  line: 0x02,
  receipt: 0x03,
  seed: 0x04,
  score: 0x05,
  rules: 0x06,
  head: 0x07,
  announcement: 0x08,
} as const;
