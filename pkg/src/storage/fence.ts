/**
 * Lets only the one write that opened the records last: a page that was frozen while another one
 * took over does not know of that when it goes on.
 *
 * It is a place for one, which the database itself guards. So a write is handed over whole, with
 * its end: a page that hangs in the middle of one holds up nobody, as it would if it had to answer
 * whether it may go on.
 */

/** The place; its key says who has it. */
const FENCE = 'fence';
const PLACE = 'place';
const ID_BYTES = 16;

/** Another tab has opened the records since: what this one knows of them is of yesterday. */
export class FencedError extends Error {
  constructor() {
    super('another tab keeps the records now');
  }
}

/** Beside the records, while the database is made. */
export function createFence(database: IDBDatabase): void {
  database.createObjectStore(FENCE).createIndex(PLACE, PLACE, { unique: true });
}

export class Fence {
  /** What a transaction needs beside the records. */
  static readonly STORE = FENCE;
  readonly #id = crypto.getRandomValues(new Uint8Array(ID_BYTES));

  /** Keeps out whoever came before, once the transaction is finished. */
  take(transaction: IDBTransaction): void {
    transaction.objectStore(FENCE).clear();
    this.#put(transaction);
  }

  /** Lets nothing of this transaction happen if another one has taken it since. */
  pass(transaction: IDBTransaction): void {
    this.#put(transaction);
  }

  /** Fails, and the transaction with it, if somebody else is there. */
  #put(transaction: IDBTransaction): void {
    transaction.objectStore(FENCE).put({ [PLACE]: 'records' }, this.#id);
  }
}

/** Why a transaction was given up: a `FencedError` if it did not pass. */
export function fencedOff(error: Error | null): Error | null {
  return error?.name === 'ConstraintError' ? new FencedError() : error;
}
