/**
 * Each tab of a user is a device of its own, with a cursor and an outbox of its own: two
 * tabs that were one device would end each other's session. The tabs of a browser share
 * out numbered slots by Web Locks; a tab that is reloaded gets its slot back.
 */

/** Tabs beyond keep nothing. */
export const SLOTS_MAX = 64;
/** A page that is reloaded may run before the lock of the one before is released. */
const RELEASE_TIMEOUT_MS = 2_000;

export interface Slot {
  number: number;
  release(): void;
}

/**
 * The slot of this tab.
 * @returns slot 0 for all tabs where the browser has no Web Locks; none if all are taken
 */
export async function takeSlot(account: string): Promise<Slot | undefined> {
  const locks = webLocks();
  if (!locks) return { number: 0, release: () => undefined };

  const remembered = recall(account);
  if (remembered !== undefined) {
    const patience = new AbortController();
    const timer = setTimeout(() => {
      patience.abort();
    }, RELEASE_TIMEOUT_MS);
    const slot = await take(locks, account, remembered, { signal: patience.signal });
    clearTimeout(timer);
    // Else this tab is a duplicate of the one that has it.
    if (slot) return slot;
  }
  for (let number = 0; number < SLOTS_MAX; number += 1) {
    const slot = await take(locks, account, number, { ifAvailable: true });
    if (slot) {
      remember(account, number);
      return slot;
    }
  }
  return undefined;
}

/** Takes a slot that no tab has at the moment, to look after what was left there. */
export async function takeFreeSlot(account: string, number: number): Promise<Slot | undefined> {
  const locks = webLocks();
  return locks && take(locks, account, number, { ifAvailable: true });
}

/** What the records of a slot are kept under. */
export const slotName = (account: string, number: number | ''): string => `${account}/${number}`;

function webLocks(): LockManager | undefined {
  const browser: Partial<Navigator> = typeof navigator === 'object' ? navigator : {};
  return browser.locks;
}

function take(
  locks: LockManager,
  account: string,
  number: number,
  options: LockOptions,
): Promise<Slot | undefined> {
  return new Promise((resolve) => {
    locks
      .request(`seqline/${account}/${number}`, options, (lock) => {
        if (!lock) {
          resolve(undefined);
          return undefined;
        }
        // The lock is held until this promise is settled, or the page is gone.
        return new Promise<void>((release) => {
          resolve({ number, release });
        });
      })
      .catch(() => {
        resolve(undefined);
      });
  });
}

const itemOf = (account: string) => `seqline/slot/${account}`;

function recall(account: string): number | undefined {
  try {
    const number = Number.parseInt(sessionStorage.getItem(itemOf(account)) ?? '', 10);
    return number >= 0 && number < SLOTS_MAX ? number : undefined;
  } catch {
    // Workers have no session storage, and pages may be denied theirs.
    return undefined;
  }
}

function remember(account: string, number: number): void {
  try {
    sessionStorage.setItem(itemOf(account), String(number));
  } catch {
    // The tab then takes the first free one.
  }
}
