/** Records in memory, and as the text that a store of texts keeps. */
import { fromBase64, toBase64 } from '../base64.js';
import type { Changes } from '../types.js';

export type Records = Map<string, Uint8Array>;

export function apply(records: Records, changes: Changes): void {
  for (const [key, value] of changes) {
    if (value) records.set(key, value);
    else records.delete(key);
  }
}

export function toText(records: Records): string {
  const entries = Array.from(records, ([key, value]) => [key, toBase64(value)] as const);
  return JSON.stringify(Object.fromEntries(entries));
}

/**
 * A record that cannot be read comes empty, which is none either: whoever reads it says so.
 * @throws if it is not such a text
 */
export function fromText(text: string): Records {
  const records: unknown = JSON.parse(text);
  if (typeof records !== 'object' || records === null || Array.isArray(records)) {
    throw new Error('the text is not that of records');
  }
  return new Map(Object.entries(records).map(([key, value]) => [key, bytesOf(value)]));
}

function bytesOf(value: unknown): Uint8Array {
  try {
    return fromBase64(value as string);
  } catch {
    return new Uint8Array();
  }
}
