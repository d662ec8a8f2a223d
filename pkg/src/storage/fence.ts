/**
 * Lets only the one write that opened the records last: a page that was frozen while another one
 * took over does not know of that when it goes on.
 */
import { decode, encode } from '../cbor.js';

/** The record that says how often they were opened. */
export const FENCE = 'fence';

/** Another tab has opened the records since: what this one knows of them is of yesterday. */
export class FencedError extends Error {
  constructor() {
    super('another tab keeps the records now');
  }
}

export class Fence {
  #generation: number | undefined;

  /** Keeps out whoever came before, once the transaction is finished. */
  constructor(records: IDBObjectStore) {
    const known: IDBRequest<unknown> = records.get(FENCE);
    known.onsuccess = () => {
      this.#generation = generationOf(known.result) + 1;
      records.put(encode({ generation: this.#generation }), FENCE);
    };
  }

  /** @returns whether it was kept out, to be asked once the transaction is finished */
  pass(records: IDBObjectStore, write: () => void): () => boolean {
    const known: IDBRequest<unknown> = records.get(FENCE);
    const isKeptOut = () => generationOf(known.result) !== this.#generation;
    known.onsuccess = () => {
      if (!isKeptOut()) write();
    };
    return isKeptOut;
  }
}

/** 0 before the first. */
const generationOf = (record: unknown): number =>
  record instanceof Uint8Array ? (decode(record) as { generation: number }).generation : 0;
