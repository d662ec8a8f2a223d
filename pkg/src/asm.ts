/**
 * The entry point for browsers without WebAssembly: the client compiled to plain JavaScript.
 * @module
 */
import { fromAsm } from './asm-client.js';
import { makeClient } from './client.js';
import { browserHost } from './hosts/browser.js';
import { makeSession } from './session/local.js';
import type { Client, ClientOptions } from './types.js';
import { load } from './wasm.js';

export * from './entry.js';

/**
 * Starts the compiled client, which is inside. Optional: `connect()` does it too. Calling it
 * again does nothing.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(): Promise<void> {
  return load(fromAsm);
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ host: browserHost, load: init, makeSession }, url, options);
}
