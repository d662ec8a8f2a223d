import { browserHost } from '../hosts/browser.js';
import { detectHost } from '../hosts/detect.js';
import { openCache, warnInConsole } from './cache.js';
import type { Cache, CachedClient, CacheOptions } from './types.js';

/** A tenth of what a mini-program may keep in all, for texts alone. */
const BYTES_MAX = 1024 * 1024;

/**
 * A cache, as `openCache` of `seqline/cache` opens it, in the mini-program's own storage. Its
 * `bytesMax` is 1 MiB by default, as a mini-program may keep 10 MB in all.
 */
export function openAppCache(client: CachedClient, options: CacheOptions): Promise<Cache> {
  const host = detectHost();
  // A page has better.
  if (host === browserHost) return openCache(client, options);
  const { warn = warnInConsole } = options;
  return openCache(client, {
    bytesMax: BYTES_MAX,
    storage: (name) => host.openStorage(name, warn),
    ...options,
  });
}
