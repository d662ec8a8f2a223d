/**
 * The entry point for mini-programs, uni-app's and plain ones.
 * @module
 */
import { makeClient } from './client.js';
import { detectHost } from './hosts/detect.js';
import type { Client, ClientOptions } from './types.js';
import { load } from './wasm.js';
import { fromPackage } from './wx-web-assembly.js';

export * from './entry.js';

/**
 * Loads the compiled client: as WebAssembly where the mini-program can, else as JavaScript, which
 * is inside. Optional: `connect()` does it too. Calling it again does nothing; after a failure it
 * tries again.
 * @param path Of the wasm in the mini-program. Default: `/miniprogram_npm/seqline/seqline.wasm`,
 * where WeChat's tools put it.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(path?: string): Promise<void> {
  return load(fromPackage(path));
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ host: options.host ?? detectHost(), load: init }, url, options);
}
