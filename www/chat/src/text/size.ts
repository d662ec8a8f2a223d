/** Largest message body in bytes, as JSON writes it: the protocol's `BODY_BYTES_MAX`. */
const BODY_BYTES_MAX = 32 * 1024;
/** No character takes more than this in JSON. */
const BYTES_A_UNIT_MAX = 6;

/** By how many bytes a text is too long to be sent; 0 if it is not. */
export function surplusBytes(text: string): number {
  if (text.length * BYTES_A_UNIT_MAX <= BODY_BYTES_MAX) return 0;
  const quotes = 2;
  const bytes = new TextEncoder().encode(JSON.stringify(text)).length - quotes;
  return Math.max(bytes - BODY_BYTES_MAX, 0);
}
