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
  // Comes after the back-forward cache too, where no socket survives.
  on(globalThis, ['pageshow'], probe);
  on(page, ['visibilitychange'], tellHidden);
  on(page, ['freeze'], () => {
    events.background(true);
  });
  on(page, ['resume'], () => {
    events.background(isHidden());
    probe();
  });
  // Wi-Fi to mobile and the like; not in every browser.
  on(connection, ['change'], () => {
    tellNetwork();
    probe();
  });
  return () => {
    for (const stop of stops) stop();
  };
}
