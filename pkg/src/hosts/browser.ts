import { openBrowserStorage } from '../storage/browser.js';
import type { Host } from '../types.js';
import { watchPage } from './page.js';
import { openWebSocket } from './web-socket.js';

/** Windows and workers of browsers. */
export const browserHost: Host = {
  name: 'browser',
  openSocket: openWebSocket,
  openStorage: openBrowserStorage,
  watch: watchPage,
  random: () => crypto.getRandomValues(new Uint8Array(32)),
  monotonicMs: () => performance.now(),
};
