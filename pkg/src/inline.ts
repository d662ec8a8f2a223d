/**
 * The entry point for browsers with the wasm inside: there is no other file to deliver.
 * @module
 */
import { fromBase64 } from './base64.js';
import { browser } from './browser.js';
import { makeClient } from './client.js';
import type { Client, ClientOptions, WasmSource } from './types.js';
import { load } from './wasm.js';
import { base64 } from './wasm/inline.js';
import { fromSource } from './web-assembly.js';

export * from './entry.js';

/**
 * Compiles what is inside. Optional: `connect()` does it too. Calling it again does nothing;
 * after a failure it tries again.
 * @param source Another one to take instead.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  return load(fromSource(source, (place) => (place ? fetch(place) : fromBase64(base64))));
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ ...browser, load: init }, url, options);
}
