/** Bytes, in all forms in which mini-programs take and give them. */
import { fromBase64 } from '../../base64.js';
import type { ReceivedMessage } from './api.js';

/** Never a view: what it is a view of would be sent as a whole. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const isWhole = bytes.byteLength === bytes.buffer.byteLength;
  return (isWhole ? bytes : bytes.slice()).buffer as ArrayBuffer;
}

/** What a message has in it. */
export function frameOf({ data, isBuffer }: ReceivedMessage): string | Uint8Array {
  if (typeof data === 'string') return isBuffer ? fromBase64(data) : data;
  // Not by `instanceof`: the buffer may be of another world than this script.
  return 'data' in data ? frameOf(data) : new Uint8Array(data);
}
