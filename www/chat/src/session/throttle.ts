import { effect, nextTick, onScopeDispose, shallowRef, stop, type ShallowRef } from 'vue';

/** What is drawn again at once seldom, and this seldom often. */
const PAUSE_MS = 60;

/**
 * A computed value for what is costly to draw: after a pause it follows at once, and in a
 * burst of changes in steps.
 * @param compute is given what it returned before, at first `initial`
 */
export function useThrottled<T>(initial: T, compute: (before: T) => T): Readonly<ShallowRef<T>> {
  let current = initial;
  let computedAt = 0;
  let isDue = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const runner = effect(
    () => {
      current = compute(current);
    },
    { scheduler: schedule },
  );
  const value = shallowRef(current);

  function schedule(): void {
    if (isDue) return;
    isDue = true;
    const wait_ms = computedAt + PAUSE_MS - Date.now();
    if (wait_ms > 0) timer = setTimeout(run, wait_ms);
    // After all changes of this turn.
    else void nextTick(run);
  }

  function run(): void {
    isDue = false;
    computedAt = Date.now();
    runner();
    value.value = current;
  }

  onScopeDispose(() => {
    clearTimeout(timer);
    stop(runner);
  });
  return value;
}
