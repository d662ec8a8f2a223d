// Keeps what is shown up to date: asks again and again, as long as somebody may be looking.
import { onScopeDispose } from 'vue';

/** Calls `refresh` now and every so often: not before the last call ended, nor out of sight. */
export function usePolling(refresh: () => Promise<void>, every_ms: number): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  async function run(): Promise<void> {
    clearTimeout(timer);
    if (!document.hidden) await refresh();
    // It may have ended meanwhile.
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(() => void run(), every_ms);
  }
  const seen = (): void => {
    if (!document.hidden) void run();
  };

  document.addEventListener('visibilitychange', seen);
  onScopeDispose(() => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  });
  void run();
}
