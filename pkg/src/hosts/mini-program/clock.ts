/**
 * A clock that never goes back. Few mini-programs have one, so this one is made of the wall
 * clock: where that is set back, it stands for no longer than the call that notices it.
 */
export function steadyClock(nowMs: () => number = Date.now): () => number {
  let last = nowMs();
  let setBackMs = 0;
  return () => {
    const now = nowMs();
    if (now < last) setBackMs += last - now;
    last = now;
    return now + setBackMs;
  };
}
