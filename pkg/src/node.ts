/**
 * The entry point for Node 20 and later.
 * @module
 */
import { readFile } from 'node:fs/promises';

import { makeClient } from './client.js';
import { nodeHost } from './hosts/node.js';
import { makeSession } from './session/local.js';
import type { Client, ClientOptions, WasmSource } from './types.js';
import { load } from './wasm.js';
import { fromSource } from './web-assembly.js';

export * from './entry.js';
export { nodeHost } from './hosts/node.js';
export { fileStorage } from './storage/file.js';

/**
 * Loads the compiled client. Optional: `connect()` does it too. Calling it again does nothing;
 * after a failure it tries again.
 * @param source A path or URL, bytes, a response or a module. Default: the package's own file.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  return load(fromSource(source, readSource));
}

/**
 * Makes a client, as `createClient` of `seqline` does.
 * @throws {SeqlineError} `url_invalid`
 */
export function createClient(url: string | URL, options: ClientOptions): Client {
  return makeClient({ host: nodeHost, load: init, makeSession }, url, options);
}

const defaultSource = () => new URL('./wasm/seqline_bg.wasm', import.meta.url);

async function readSource(place: string | URL = defaultSource()): Promise<WasmSource> {
  if (/^https?:/.test(String(place))) return fetch(place);
  const isUrl = typeof place === 'string' && place.startsWith('file:');
  return readFile(isUrl ? new URL(place) : place);
}
