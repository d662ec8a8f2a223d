/** Asks the relay which broadcasts no other device of this user has shown yet. */
import { after } from '../alarm.js';
import { SeqlineError } from '../error.js';
import type { CallMethod } from '../methods.js';
import type { Failure, Host } from '../types.js';

/** Ids named in one call, at most. */
export const IDS_MAX = 100;
/** For so long nothing is shown while the relay does not answer. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 1_000;

/** A claim under way. */
export interface Claim {
  /** Those that are new; `undefined` if the relay did not say. */
  answer: Promise<ReadonlySet<number> | undefined>;
  /** Waits no longer. */
  giveUp(): void;
}

/** Doing it again gives the same answer: what this device has claimed stays new for it. */
export function claim(
  host: Host,
  call: CallMethod,
  ids: number[],
  failed: (failure: Failure) => void,
): Claim {
  let isOver = false;
  let giveUp!: () => void;
  const over = new Promise<undefined>((resolve) => {
    giveUp = () => {
      resolve(undefined);
    };
  });
  const stop = after(host, PATIENCE_MS, giveUp);
  const answer = Promise.race([ask(host, call, ids, () => isOver), over])
    .catch((error: unknown) => {
      failed(error as SeqlineError);
      return undefined;
    })
    .finally(() => {
      isOver = true;
      stop();
    });
  return { answer, giveUp };
}

/** @throws {SeqlineError} what trying again cannot heal */
async function ask(
  host: Host,
  call: CallMethod,
  ids: number[],
  isOver: () => boolean,
): Promise<ReadonlySet<number> | undefined> {
  const found = new Set<number>();
  for (let at = 0; at < ids.length && !isOver();) {
    try {
      const answer = await call('broadcasts.seen', { ids: ids.slice(at, at + IDS_MAX) });
      for (const id of answer.new) found.add(id);
      at += IDS_MAX;
    } catch (error) {
      if (isOver()) break;
      if (!(error instanceof SeqlineError && error.retryable)) throw error;
      await new Promise<void>((resolve) => after(host, RETRY_MS, resolve));
    }
  }
  return found;
}
