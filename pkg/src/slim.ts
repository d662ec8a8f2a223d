/**
 * The entry point for browsers that has no wasm, and names none: the app says where it is.
 * @module
 */
import { browser } from './browser.js';
import { makeClient } from './client.js';
import type { Client, ClientOptions, WasmSource } from './types.js';
import { load } from './wasm.js';
import { fromSource } from './web-assembly.js';

export * from './entry.js';

/**
 * Loads the compiled client. To be called before `connect()`. Calling it again does nothing;
 * after a failure it tries again.
 * @param source Where `seqline/seqline.wasm` is, or what is in it.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(source: WasmSource | Promise<WasmSource>): Promise<void> {
  return loadFrom(source);
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ ...browser, load: loadFrom }, url, options);
}

const loadFrom = (source?: WasmSource | Promise<WasmSource>): Promise<void> =>
  load(fromSource(source, (place) => fetch(place ?? notGiven())));

function notGiven(): never {
  throw new Error(
    '`seqline/slim` brings none: call `init(source)` before `connect()`, with the URL, the ' +
      'bytes or the module of `seqline/seqline.wasm`',
  );
}
