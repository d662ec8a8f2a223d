/** The contents of a cache as records of a storage: one for each conversation, one for the rest. */
import type { Changes } from '../types.js';
import type { Contents, Shelf } from './contents.js';

/** Another one: what is there is dropped, and read from the relay anew. */
const VERSION = 1;
const REST = 'cache';
const SHELF = 'conversation/';

interface Rest {
  version: number;
  cursor: number;
  isStale: boolean;
  user?: string;
}

type Records = [key: string, value: Uint8Array][];

/** @returns keys of what cannot be read, or is of another version: to be removed */
export function restore(contents: Contents, records: Records): string[] {
  const keys = records.map(([key]) => key);
  const kept = new Map(records);
  const rest = read(kept.get(REST)) as Rest | undefined;
  if (rest?.version !== VERSION) return keys;
  contents.cursor = rest.cursor;
  contents.isStale = rest.isStale;
  contents.user = rest.user;
  const unreadable = records
    .filter(([key, value]) => {
      if (!key.startsWith(SHELF)) return false;
      const shelf = read(value);
      if (!isShelf(shelf) || SHELF + shelf.row.conv !== key) return true;
      contents.restore(shelf);
      return false;
    })
    .map(([key]) => key);
  contents.isStale ||= unreadable.length > 0;
  return unreadable;
}

/** What changed since the last time. */
export function changesOf(contents: Contents): Changes {
  const changes: Changes = [...contents.changed].map((conv) => {
    const shelf = contents.shelves.get(conv);
    return [SHELF + conv, shelf ? bytes(shelf) : null];
  });
  contents.changed.clear();
  const { cursor, isStale, user } = contents;
  const rest: Rest = { version: VERSION, cursor, isStale, ...(user === undefined ? {} : { user }) };
  return [...changes, [REST, bytes(rest)]];
}

const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function read(value: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value)) ?? undefined;
  } catch {
    return undefined;
  }
}

function isShelf(value: unknown): value is Shelf {
  const { row, stretch } = Object(value) as { [Field in keyof Shelf]?: unknown };
  const { messages } = Object(stretch) as { messages?: unknown };
  return typeof row === 'object' && row !== null && Array.isArray(messages);
}
