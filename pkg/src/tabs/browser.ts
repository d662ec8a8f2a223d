/** What tabs need of their browser to find each other. */
import { openStorageIn, type SlotOptions } from '../storage/browser.js';
import type { Storage } from '../types.js';

/** As much of the Web Locks API as tabs need. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => unknown,
  ): Promise<unknown>;
  query(): Promise<{ held?: { name?: string }[] }>;
}

export interface Channel {
  post(message: unknown): void;
  close(): void;
}

export interface PageEvents {
  /** It was hidden or shown. */
  changed: () => void;
  /** It is about to stop, perhaps for good. */
  frozen: () => void;
  resumed: () => void;
}

export interface TabBrowser {
  locks: Locks;
  /** What is kept in a slot that this tab has. Whoever opened it before cannot write any more. */
  openStorage(slot: Omit<SlotOptions, 'isFenced'>): Promise<Storage>;
  openChannel: (name: string, heard: (message: unknown) => void) => Channel;
  isHidden(): boolean;
  /** @returns a function that stops it */
  watchPage(events: PageEvents): () => void;
  /** Random. */
  newTabId(): string;
  /** Milliseconds since the epoch. */
  nowMs(): number;
}

/** The one that this runs in; none if it lacks something, or denies it to this page. */
export async function thisBrowser(): Promise<TabBrowser | undefined> {
  try {
    const { locks } = navigator;
    await locks.query();
    new BroadcastChannel('seqline').close();
    return { locks: locks as unknown as Locks, ...page };
  } catch {
    return undefined;
  }
}

const document = (globalThis as { document?: Document }).document;

const page: Omit<TabBrowser, 'locks'> = {
  openStorage: (slot) => openStorageIn({ ...slot, isFenced: true }),
  openChannel: (name, heard) => {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => {
      heard(data);
    };
    return {
      post: (message) => {
        try {
          channel.postMessage(message);
        } catch {
          // The cause of an error may be anything. For logs in the tab where it happened.
          channel.postMessage(JSON.parse(JSON.stringify(message)));
        }
      },
      close: () => {
        channel.close();
      },
    };
  },
  isHidden: () => document?.hidden ?? false,
  watchPage: ({ changed, frozen, resumed }) => {
    const listeners: [EventTarget | undefined, string, () => void][] = [
      [document, 'visibilitychange', changed],
      [document, 'freeze', frozen],
      [document, 'resume', resumed],
      [globalThis, 'pagehide', frozen],
      [globalThis, 'pageshow', resumed],
    ];
    for (const [target, name, listener] of listeners) target?.addEventListener(name, listener);
    return () => {
      for (const [target, name, listener] of listeners) target?.removeEventListener(name, listener);
    };
  },
  newTabId: () =>
    Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join(''),
  nowMs: () => Date.now(),
};
