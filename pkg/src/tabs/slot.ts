/** Where the tabs that share a connection keep their records: in one slot, whoever leads. */
import { SLOTS_MAX } from '../storage/slot.js';
import type { Locks } from './browser.js';
import { hold, isHeld, type Held } from './locks.js';

/** The tab that led may be about to let go of it. */
const RELEASE_TIMEOUT_MS = 2_000;

export interface GroupSlot {
  number: number;
  release(): void;
}

/**
 * Takes the slot of these tabs for the one that leads. A slot may be with tabs of another version
 * of this package, or that share nothing: then these tabs use another one. One that a tab of
 * theirs has which led before is taken away from it.
 * @param group names these tabs
 * @param known the slot that they used so far
 * @returns none if all are taken
 */
export async function takeGroupSlot(
  locks: Locks,
  account: string,
  group: string,
  known: number | undefined,
): Promise<GroupSlot | undefined> {
  const numbers = Array.from({ length: SLOTS_MAX }, (_, number) => number);
  if (known !== undefined) numbers.unshift(known);
  for (const [at, number] of numbers.entries()) {
    const name = `seqline/${account}/${number}`;
    const mark = `${name}/${group}`;
    const isOurs = known !== undefined && at === 0;
    const slot =
      (await hold(locks, name, { ifAvailable: true })) ??
      ((await isHeld(locks, mark)) ? await hold(locks, name, { steal: true }) : undefined) ??
      (isOurs ? await patiently(locks, name) : undefined);
    if (!slot) continue;
    const marked = await hold(locks, mark, { steal: true });
    return {
      number,
      release: () => {
        slot.release();
        marked?.release();
      },
    };
  }
  return undefined;
}

async function patiently(locks: Locks, name: string): Promise<Held | undefined> {
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort();
  }, RELEASE_TIMEOUT_MS);
  try {
    return await hold(locks, name, { signal: patience.signal });
  } finally {
    clearTimeout(timer);
  }
}
