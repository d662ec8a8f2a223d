/**
 * `TextEncoder` and `TextDecoder` for UTF-8, as far as this package and the glue of its compiled
 * part use them: most mini-programs have none.
 */

const REPLACEMENT = 0xfffd;
/** Of arguments of one call. */
const CHUNK_LENGTH = 4_096;

export class SmallTextEncoder {
  readonly encoding = 'utf-8';

  /** A lone surrogate becomes U+FFFD. */
  encode(text = ''): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(text.length * 3);
    let length = 0;
    for (let at = 0; at < text.length; at += 1) {
      let code = text.codePointAt(at) ?? 0;
      if (code > 0xffff) at += 1;
      else if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
      if (code < 0x80) {
        bytes[length++] = code;
        continue;
      }
      const following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      // 110xxxxx, 1110xxxx, 11110xxx.
      bytes[length++] = ((0xff00 >> (following + 1)) & 0xff) | (code >> (6 * following));
      for (let left = following - 1; left >= 0; left -= 1) {
        bytes[length++] = 0x80 | ((code >> (6 * left)) & 0x3f);
      }
    }
    return bytes.slice(0, length);
  }
}

export interface DecoderOptions {
  /** Throws on what is not UTF-8; else it becomes U+FFFD. */
  fatal?: boolean;
  /** Keeps a byte order mark at the beginning. */
  ignoreBOM?: boolean;
}

export class SmallTextDecoder {
  readonly encoding = 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false }: DecoderOptions = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`${label} is not UTF-8`);
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  /** @throws {TypeError} on what is not UTF-8, if `fatal` */
  decode(bytes: Uint8Array = new Uint8Array()): string {
    let text = '';
    let units: number[] = [];
    let at = !this.ignoreBOM && hasMark(bytes) ? 3 : 0;
    while (at < bytes.length) {
      const { code, length } = decodeOne(bytes, at);
      at += length;
      if (code === undefined && this.fatal) throw new TypeError('the bytes are not UTF-8');
      if (code !== undefined && code > 0xffff) {
        units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
      } else {
        units.push(code ?? REPLACEMENT);
      }
      if (units.length >= CHUNK_LENGTH) {
        text += String.fromCharCode(...units);
        units = [];
      }
    }
    return text + String.fromCharCode(...units);
  }
}

const hasMark = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The code point at a place; none if there is none, and how many bytes that is about. */
function decodeOne(bytes: Uint8Array, at: number): { code?: number; length: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { code: first, length: 1 };
  if (first < 0xc2 || first > 0xf4) return { length: 1 };
  const following = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  let code = first & (0x3f >> following);
  for (let n = 1; n <= following; n += 1) {
    const byte = bytes[at + n] ?? 0;
    // The second byte tells what is too long, a surrogate, or beyond Unicode.
    const least = n > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const most = n > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte < least || byte > most) return { length: n };
    code = (code << 6) | (byte & 0x3f);
  }
  return { code, length: following + 1 };
}
