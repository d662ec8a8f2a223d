import { load } from './wasm.js';

/** Loads the client compiled to plain JavaScript, which takes no WebAssembly. */
export function loadAsm(): Promise<void> {
  // It starts as soon as it is evaluated, and takes memory then.
  return load(() => import('./wasm/seqline_asm.js'));
}
