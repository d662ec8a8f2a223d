/** What a page goes through: network lost and back, hidden and shown, frozen and resumed. */
import { networkKind } from './network-kind.js';
import type { LifecycleEvents } from './types.js';

/** Of the Network Information API, which few browsers have, and fewer with `type`. */
interface Connection extends EventTarget {
  readonly type?: string;
}

/** Of a window or of a worker, which has less of all this. */
export function watchPage(events: LifecycleEvents): () => void {
  const page = typeof document === 'object' ? document : undefined;
  const isHidden = () => page?.hidden ?? false;
  const stops: (() => void)[] = [];
  const on = (target: EventTarget | undefined, names: string[], handle: () => void) => {
    for (const name of names) {
      target?.addEventListener(name, handle);
      stops.push(() => target?.removeEventListener(name, handle));
    }
  };
  const tellOnline = () => {
    events.online(navigator.onLine);
  };
  const tellHidden = () => {
    events.background(isHidden());
    if (!isHidden()) events.probe();
  };
  const probe = () => {
    events.probe();
  };

  const { connection } = navigator as { connection?: Connection };
  const tellNetwork = () => {
    // Which one comes next is told next.
    if (connection?.type !== 'none') events.network(networkKind(connection?.type));
  };

  tellNetwork();
  if (!navigator.onLine) tellOnline();
  if (isHidden()) events.background(true);
  on(globalThis, ['online', 'offline'], tellOnline);
  const tellStopped = () => {
    events.background(true);
  };
  const tellBack = () => {
    events.background(isHidden());
    probe();
  };
  // It may be the last that happens; comes before the back-forward cache too, where no socket survives.
  on(globalThis, ['pagehide'], tellStopped);
  on(page, ['freeze'], tellStopped);
  on(globalThis, ['pageshow'], tellBack);
  on(page, ['resume'], tellBack);
  on(page, ['visibilitychange'], tellHidden);
  // Wi-Fi to mobile and the like; not in every browser.
  on(connection, ['change'], () => {
    tellNetwork();
    probe();
  });
  return () => {
    for (const stop of stops) stop();
  };
}
