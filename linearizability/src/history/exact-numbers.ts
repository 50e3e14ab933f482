/** A float holds 15 digits of any number in its middle range. More digits, or an exponent, need a closer look. */
export const mayBeInexact = /[\d.]{16}|\d[eE]/;

/**
 * Whether a JavaScript number says the same as a decimal text. If not, different texts would become equal numbers: 2^53 and
 * 2^53 + 1 are one float.
 */
export function isExactNumber(text: string): boolean {
  if (!mayBeInexact.test(text)) return true;
  const value = Number(text);
  return Number.isFinite(value) && plain(text) === plain(String(value));
}

/** The digits without zeros at either end, and the power of ten of the last one. */
function plain(text: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign === "-" ? "-" : ""}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
