import type { Instantiate } from './wasm.js';

/** The client compiled to plain JavaScript, which takes no WebAssembly. */
// It starts when it is evaluated, and takes memory then.
export const fromAsm: Instantiate = () => import('./wasm/seqline_asm.js');
