import { onScopeDispose, ref, type Ref } from 'vue';

/** The time, often enough for what is shown of it. */
export function useNow(every_ms: number): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => {
    now.value = Date.now();
  }, every_ms);
  onScopeDispose(() => {
    clearInterval(timer);
  });
  return now;
}
