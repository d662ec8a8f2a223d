import type { Locks } from './browser.js';

/** Holds a lock until it is released, stolen, or the page is gone. */
export interface Held {
  release(): void;
}

export interface HoldOptions {
  ifAvailable?: boolean;
  steal?: boolean;
  signal?: AbortSignal;
  /** It was taken away. */
  lost?: () => void;
}

/** @returns none if it could not be had */
export function hold(
  locks: Locks,
  name: string,
  options: HoldOptions = {},
): Promise<Held | undefined> {
  const { lost, ...how } = options;
  return new Promise((resolve) => {
    let isHeld = false;
    locks
      .request(name, how, (lock) => {
        if (!lock) {
          resolve(undefined);
          return undefined;
        }
        isHeld = true;
        return new Promise<void>((end) => {
          resolve({
            release: () => {
              isHeld = false;
              end();
            },
          });
        });
      })
      .catch(() => {
        if (isHeld) lost?.();
        isHeld = false;
        resolve(undefined);
      });
  });
}

export async function isHeld(locks: Locks, name: string): Promise<boolean> {
  const { held = [] } = await locks.query();
  return held.some((lock) => lock.name === name);
}
