/** Limits that an app may want to know before it asks. */

/** Largest body in bytes, as JSON writes it: `bodyBytes()` measures. Larger: `body_too_large`. */
export const BODY_BYTES_MAX = 32 * 1024;

/** No UTF-16 unit takes more than this in JSON. */
const BYTES_A_UNIT_MAX = 6;

/** The size of a body's text as the limit counts it: UTF-8, with JSON's escapes. */
export function bodyBytes(body: string): number {
  const quotes = 2;
  return new TextEncoder().encode(JSON.stringify(body)).length - quotes;
}

/** By how many bytes a text is too long to be sent; 0 if it is not. Quick for short ones. */
export function surplusBytes(body: string): number {
  if (body.length * BYTES_A_UNIT_MAX <= BODY_BYTES_MAX) return 0;
  return Math.max(bodyBytes(body) - BODY_BYTES_MAX, 0);
}
