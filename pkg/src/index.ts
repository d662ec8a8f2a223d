/**
 * The entry point for browsers, windows and workers. Its wasm is a file beside it.
 * @module
 */
import { browser } from './browser.js';
import { makeClient } from './client.js';
import type { Client, ClientOptions, WasmSource } from './types.js';
import { load } from './wasm.js';
import { fromSource } from './web-assembly.js';

export * from './entry.js';

/**
 * Loads the compiled client. Optional: `connect()` does it too. Call it to say where the file
 * is, or to have it loaded early. Calling it again does nothing; after a failure it tries again.
 * @param source Default: the file beside this module, as bundlers and servers deliver it.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  return load(fromSource(source, (place = defaultSource()) => fetch(place)));
}

/**
 * Makes a client of one user on one device. Nothing is loaded or connected before `connect()`
 * or the first call that needs it.
 * @param url The relay's: `https://chat.example.com`, or with `ws`, `wss`, `http`. A path other
 * than `/` is taken as it is; else it is `/v1/socket`.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ ...browser, load: init }, url, options);
}

const defaultSource = () => new URL('./wasm/seqline_bg.wasm', import.meta.url);
