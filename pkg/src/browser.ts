/** What the entry points for browsers have in common. */
import type { Platform } from './client.js';
import { browserHost } from './hosts/browser.js';
import { DeferredSession } from './session/deferred.js';

/** Sessions are loaded when they are first used: beside the wasm, or in its place in a tab that needs none. */
export const browser: Omit<Platform, 'load'> = {
  host: browserHost,
  makeSession: (parts) => {
    const { tabs, host, storage } = parts.options;
    const isShared = tabs !== 'separate' && !host && !storage;
    return new DeferredSession(parts.audience, async () =>
      isShared
        ? (await import('./tabs/shared-session.js')).openSession(parts)
        : (await import('./session/local.js')).makeSession(parts),
    );
  },
};
