/**
 * The values that cross between TypeScript and the compiled client, as CBOR (RFC 8949): the
 * client speaks it anyway; and what goes over HTTP around its frames. Only what those values are
 * made of: lengths are definite, numbers are whole and not negative.
 */
import { SeqlineError } from './error.js';

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

/** Texts up to this length are decoded here: starting a decoder takes longer. */
const SHORT_TEXT_BYTES = 24;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/**
 * Fields that are undefined are left out.
 * @throws {SeqlineError} `field_invalid` for a number that is negative or not whole
 */
export function encode(value: object): Uint8Array {
  const out: number[] = [];
  write(value, out);
  return Uint8Array.from(out);
}

/** Trusts its input, which comes from the compiled client. */
export function decode(bytes: Uint8Array): unknown {
  return new Reader(bytes).value();
}

function write(value: unknown, out: number[]): void {
  if (typeof value === 'string') {
    writeText(value, out);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw notWhole(value);
    writeHead(UINT, value, out);
  } else if (typeof value === 'boolean') {
    out.push(value ? TRUE : FALSE);
  } else if (value instanceof Uint8Array) {
    writeBytes(BYTES, value, out);
  } else if (Array.isArray(value)) {
    writeHead(LIST, value.length, out);
    for (const item of value) write(item, out);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    writeHead(MAP, entries.length, out);
    for (const [key, field] of entries) {
      writeText(key, out);
      write(field, out);
    }
  } else {
    out.push(NULL);
  }
}

function writeText(text: string, out: number[]): void {
  writeBytes(TEXT, utf8.encoder.encode(text), out);
}

function writeBytes(major: number, bytes: Uint8Array, out: number[]): void {
  writeHead(major, bytes.length, out);
  for (const byte of bytes) out.push(byte);
}

function writeHead(major: number, argument: number, out: number[]): void {
  const [size, length] =
    argument < 24
      ? [argument, 0]
      : argument < 2 ** 8
        ? [24, 1]
        : argument < 2 ** 16
          ? [25, 2]
          : argument < 2 ** 32
            ? [26, 4]
            : [27, 8];
  out.push((major << 5) | size);
  for (let at = length - 1; at >= 0; at -= 1) out.push(Math.floor(argument / 2 ** (8 * at)) % 256);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  value(): unknown {
    const first = this.#byte();
    if (first === TRUE || first === FALSE) return first === TRUE;
    if (first === NULL) return undefined;
    const argument = this.#argument(first & 31);
    switch (first >> 5) {
      case UINT:
        return argument;
      case BYTES:
        this.#at += argument;
        return this.#bytes.slice(this.#at - argument, this.#at);
      case TEXT:
        return this.#text(argument);
      case LIST:
        return Array.from({ length: argument }, () => this.value());
      case MAP:
        return this.#map(argument);
      default:
        throw new Error(`the compiled client gave CBOR of an unknown kind (${first})`);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error('the compiled client gave CBOR that is cut short');
    this.#at += 1;
    return byte;
  }

  #argument(size: number): number {
    if (size < 24) return size;
    let value = 0;
    for (let left = 2 ** (size - 24); left > 0; left -= 1) value = value * 256 + this.#byte();
    return value;
  }

  #text(length: number): string {
    const start = this.#at;
    const end = start + length;
    this.#at = end;
    if (length <= SHORT_TEXT_BYTES) {
      let text = '';
      for (let at = start; at < end; at += 1) {
        const byte = this.#bytes[at] ?? 0;
        if (byte > 127) break;
        text += String.fromCharCode(byte);
      }
      if (text.length === length) return text;
    }
    return utf8.decoder.decode(this.#bytes.subarray(start, end));
  }

  #map(length: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let left = length; left > 0; left -= 1) {
      const key = this.value() as string;
      map[key] = this.value();
    }
    return map;
  }
}

function notWhole(value: number): SeqlineError {
  return new SeqlineError({
    code: 'field_invalid',
    message: `${value} is not a whole number from 0 to 2^53-1`,
    retryable: false,
  });
}
