/**
 * Records in a store of texts by key, as mini-programs have it: without transactions, and with
 * little room for each key.
 *
 * One key, the index, says which records there are. Short ones stand in it; long ones are in
 * parts, each under a key of its own. A write puts new parts where nothing refers to yet,
 * replaces the index, and then removes the parts that nothing refers to any more. So wherever it
 * is cut off, the index is that from before or after the write, and every part of it is there.
 * What is left over is removed when the storage is opened again.
 */
import { fromBase64, toBase64 } from '../base64.js';
import { messageOf } from '../error.js';
import type { Changes, Storage } from '../types.js';

export interface TextStore {
  keys(): Promise<string[]>;
  /** Rejects if there is no such key. */
  get(key: string): Promise<string>;
  set(key: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Of one key. Alipay takes 200 KB, and a character may count for two bytes. */
const TEXT_LENGTH_MAX = 64 * 1024;
/** Of a record that stands in the index, which is written each time. */
const SHORT_LENGTH_MAX = 512;
/** Of all these together. */
const SHORT_LENGTH_SUM_MAX = 16 * 1024;

/** A short record's text, or the numbers of a long one's parts. */
type Entry = string | number[];
type Entries = Map<string, Entry>;

/**
 * @param name of what is kept; others in the same store are left alone
 * @param warn is told if all of it is lost
 */
export async function openKeyedStorage(
  store: TextStore,
  name: string,
  warn: (message: string) => void,
): Promise<Storage> {
  // No name is the beginning of another one's keys.
  const keys = new Keys(`seqline/${encodeURIComponent(name)}/`);
  const there = (await store.keys()).filter((key) => keys.own(key));
  const index = there.includes(keys.index) ? await readIndex(store, keys, warn) : noIndex();
  const parts = there.map((key) => keys.partOf(key)).filter((part) => part !== undefined);
  const used = new Set([...index.parts, ...[...index.entries.values()].flatMap(partsOf)]);
  const storage = new KeyedStorage(store, keys, index, Math.max(0, ...parts));
  await storage.discard(parts.filter((part) => !used.has(part)));
  return storage;
}

class KeyedStorage implements Storage {
  readonly #store: TextStore;
  readonly #keys: Keys;
  #index: Index;
  /** Numbers are never used again. */
  #lastPart: number;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(store: TextStore, keys: Keys, index: Index, lastPart: number) {
    this.#store = store;
    this.#keys = keys;
    this.#index = index;
    this.#lastPart = lastPart;
  }

  async load(): Promise<[string, Uint8Array][]> {
    const records: [string, Uint8Array][] = [];
    for (const [key, entry] of this.#index.entries) {
      try {
        const text = typeof entry === 'string' ? entry : await this.#textOf(entry);
        records.push([key, fromBase64(text)]);
      } catch {
        // Which is no record: whoever reads it says so, and removes it.
        records.push([key, new Uint8Array()]);
      }
    }
    return records;
  }

  /** One after the other. One that fails changes nothing, and keeps no other from working. */
  write(changes: Changes): Promise<void> {
    const write = this.#lastWrite.catch(() => undefined).then(() => this.#write(changes));
    this.#lastWrite = write;
    return write;
  }

  close(): void {
    // There is nothing to let go of.
  }

  /** What stays is removed when the storage is opened again. */
  async discard(parts: number[]): Promise<void> {
    for (const part of parts)
      await this.#store.remove(this.#keys.part(part)).catch(() => undefined);
  }

  async #write(changes: Changes): Promise<void> {
    const before = this.#index;
    const entries = new Map(before.entries);
    const added: number[] = [];
    let parts: number[] = [];
    let text: string;
    try {
      for (const [key, value] of changes) {
        entries.delete(key);
        if (value) entries.set(key, await this.#put(toBase64(value), entries, added));
      }
      text = JSON.stringify([...entries]);
      if (text.length > TEXT_LENGTH_MAX) {
        parts = await this.#putParts(text, added);
        text = JSON.stringify(parts);
      }
    } catch (error) {
      await this.discard(added);
      throw error;
    }
    await this.#replaceIndex(text, added);
    this.#index = { entries, parts };
    const kept = new Set([...entries.values()].flatMap(partsOf));
    const all = [...before.parts, ...[...before.entries.values()].flatMap(partsOf)];
    await this.discard(all.filter((part) => !kept.has(part)));
  }

  async #put(text: string, entries: Entries, added: number[]): Promise<Entry> {
    const isShort = text.length <= SHORT_LENGTH_MAX;
    const fits = isShort && shortLength(entries) + text.length <= SHORT_LENGTH_SUM_MAX;
    return fits ? text : this.#putParts(text, added);
  }

  async #putParts(text: string, added: number[]): Promise<number[]> {
    const parts: number[] = [];
    for (let at = 0; at === 0 || at < text.length; at += TEXT_LENGTH_MAX) {
      const part = (this.#lastPart += 1);
      // Before it is there: a failed one may be there, too.
      added.push(part);
      parts.push(part);
      await this.#store.set(this.#keys.part(part), text.slice(at, at + TEXT_LENGTH_MAX));
    }
    return parts;
  }

  async #replaceIndex(text: string, added: number[]): Promise<void> {
    try {
      await this.#store.set(this.#keys.index, text);
    } catch (error) {
      const found = await this.#store.get(this.#keys.index).catch(() => undefined);
      // It was kept nevertheless.
      if (found === text) return;
      // If it cannot be told, what it may refer to stays until the storage is opened again.
      if (found !== undefined) await this.discard(added);
      throw error;
    }
  }

  async #textOf(parts: number[]): Promise<string> {
    return textOf(this.#store, this.#keys, parts);
  }
}

interface Index {
  entries: Entries;
  /** Where it is itself, if it is too long for its key. */
  parts: number[];
}

const noIndex = (): Index => ({ entries: new Map(), parts: [] });

async function readIndex(
  store: TextStore,
  keys: Keys,
  warn: (message: string) => void,
): Promise<Index> {
  const text = await store.get(keys.index);
  try {
    const value = JSON.parse(text) as number[] | [string, Entry][];
    const parts = value.filter((item) => typeof item === 'number');
    const whole =
      parts.length > 0 ? (JSON.parse(await textOf(store, keys, parts)) as unknown) : value;
    return { entries: new Map(whole as [string, Entry][]), parts };
  } catch (error) {
    warn(`what was kept cannot be read (${messageOf(error)}); it begins anew`);
    return noIndex();
  }
}

async function textOf(store: TextStore, keys: Keys, parts: number[]): Promise<string> {
  let text = '';
  for (const part of parts) text += await store.get(keys.part(part));
  return text;
}

const partsOf = (entry: Entry): number[] => (typeof entry === 'string' ? [] : entry);

function shortLength(entries: Entries): number {
  let length = 0;
  for (const entry of entries.values()) if (typeof entry === 'string') length += entry.length;
  return length;
}

/** The names of what one storage keeps. */
class Keys {
  readonly #prefix: string;
  readonly index: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.index = `${prefix}index`;
  }

  own(key: string): boolean {
    return key.startsWith(this.#prefix);
  }

  part(part: number): string {
    return `${this.#prefix}${part}`;
  }

  /** None for what is not a part. */
  partOf(key: string): number | undefined {
    const number = Number(key.slice(this.#prefix.length));
    return Number.isSafeInteger(number) ? number : undefined;
  }
}
