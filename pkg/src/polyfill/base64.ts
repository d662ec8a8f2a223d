/** `atob` and `btoa`, which most mini-programs do not have. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Of text whose characters are bytes. */
export function smallBtoa(binary: string): string {
  let text = '';
  for (let at = 0; at < binary.length; at += 3) {
    // Beyond the end there is no number, which is 0 as bits.
    const [first, second, third] = [0, 1, 2].map((n) => binary.charCodeAt(at + n));
    const bits = ((first ?? 0) << 16) | ((second ?? 0) << 8) | (third ?? 0);
    for (let n = 0; n < 4; n += 1) {
      const isPadding = at + n > binary.length;
      text += isPadding ? '=' : ALPHABET.charAt((bits >> (18 - 6 * n)) & 63);
    }
  }
  return text;
}

/** @throws if it is not base64 */
export function smallAtob(text: string): string {
  const digits = text.replace(/[\t\n\f\r ]/g, '').replace(/==?$/, '');
  if (digits.length % 4 === 1) throw new Error('the text is not base64');
  let binary = '';
  let bits = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const value = ALPHABET.indexOf(digits.charAt(at));
    if (value < 0) throw new Error('the text is not base64');
    bits = ((bits << 6) | value) & 0xffffff;
    if (at % 4 > 0) binary += String.fromCharCode((bits >> (6 - 2 * (at % 4))) & 255);
  }
  return binary;
}
