/** The entry point for browsers without WebAssembly: the client compiled to plain JavaScript. */
import { makeClient } from './client.js';
import { browserHost } from './hosts/browser.js';
import { loadAsm } from './plain.js';
import type { Client, ClientOptions } from './types.js';

export * from './entry.js';

/**
 * Starts the compiled client, which is inside. Optional: `connect()` does it too. Calling it
 * again does nothing.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(): Promise<void> {
  return loadAsm();
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ host: browserHost, load: loadAsm }, url, options);
}
