/**
 * Conversations and recent messages kept on this device, to be shown at once.
 * @module
 */
export { openCache } from './cache/cache.js';
export type { Cache, CachedClient, CacheOptions } from './cache/types.js';
