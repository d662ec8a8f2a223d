/**
 * The entry point for mini-programs, uni-app's and plain ones.
 * @module
 */
import { makeClient } from './client.js';
import { detectHost } from './hosts/detect.js';
import { fromPackage, type PackagedSource } from './packaged.js';
import { makeSession } from './session/local.js';
import type { Client, ClientOptions } from './types.js';
import { load } from './wasm.js';

export * from './entry.js';
export { openAppCache as openCache } from './cache/app-cache.js';
export type { Cache, CachedClient, CacheOptions } from './cache/types.js';
export { detectHost } from './hosts/detect.js';
export { myHost } from './hosts/my.js';
export { uniHost } from './hosts/uni.js';
export { wxHost } from './hosts/wx.js';
export type { PackagedSource } from './packaged.js';

/**
 * Loads the compiled client: as WebAssembly where the mini-program can, else as JavaScript, which
 * is inside. Optional: `connect()` does it too. Calling it again does nothing.
 * @param source Path of `seqline.wasm` or `seqline.wasm.br` from the top of the mini-program.
 * Default: where one of them is found in `/miniprogram_npm/seqline`, `/seqline` or
 * `/static/seqline`.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(source?: PackagedSource): Promise<void> {
  return load(fromPackage(source));
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  const host = options.host ?? detectHost();
  return makeClient({ host, load: () => init(), makeSession }, url, options);
}
