import { openBrowserStorage } from '../storage/browser.js';
import type { Environment } from './environment.js';

/** Windows and workers of browsers. */
export const browser: Environment = {
  name: 'browser',
  openStorage: openBrowserStorage,
  random: () => crypto.getRandomValues(new Uint8Array(32)),
  monotonicMs: () => performance.now(),
};
