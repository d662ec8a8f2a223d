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

/** @throws if it is not such a text */
export function fromText(text: string): Records {
  const entries = Object.entries(JSON.parse(text) as Record<string, string>);
  return new Map(entries.map(([key, value]) => [key, fromBase64(value)]));
}
