import { running, type Instantiate } from './wasm.js';

/** The client compiled to plain JavaScript, which takes no WebAssembly. */
export const fromAsm: Instantiate = async () => {
  // It starts when it is evaluated, and takes memory then.
  const exports = await import('./wasm/seqline_asm.js');
  running.engine = 'javascript';
  return exports;
};
