/** One end of a range by name: "-", "+", or a name, which may be part of the range or not. */
export type LexLimit =
  | { readonly kind: "lowest" }
  | { readonly kind: "highest" }
  | { readonly kind: "name"; readonly bytes: Uint8Array; readonly exclusive: boolean };
