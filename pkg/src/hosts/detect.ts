import { browserHost } from './browser.js';
import { isAlipay, myHost } from './my.js';
import type { Host } from './types.js';
import { isUniApp, uniHost } from './uni.js';
import { isWeChat, wxHost } from './wx.js';

/**
 * The host for where this runs: uni-app, WeChat, Alipay, or a page that was made from the same
 * source.
 * @throws if it is none of these
 */
export function detectHost(): Host {
  // First: uni-app's pages have a `uni`, and everything that browsers have, which is better.
  if (isPage()) return browserHost;
  if (isUniApp()) return uniHost;
  if (isWeChat()) return wxHost;
  if (isAlipay()) return myHost;
  throw new Error(
    'this is neither uni-app nor a WeChat or Alipay mini-program: give the option `host`',
  );
}

const isPage = (): boolean => typeof document === 'object' && typeof WebSocket === 'function';
