// The glue of wasm-bindgen, made fit for a memory that is no WebAssembly's.

// When a WebAssembly memory grows, its old buffer is detached, and the glue's views of it
// with it: that is how the glue notices. A client compiled to JavaScript has ordinary
// buffers, of which the old one stays as it was.
const staleChecks = [
  [
    'cachedUint8ArrayMemory0.byteLength === 0',
    'cachedUint8ArrayMemory0.buffer !== wasm.memory.buffer',
  ],
  [
    'cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)',
    'cachedDataViewMemory0.buffer !== wasm.memory.buffer',
  ],
];

/**
 * @param {string} glue as wasm-bindgen wrote it
 * @returns {string} the same, noticing by itself that the memory has grown
 * @throws {Error} if it is not written as expected
 */
export function forAnyMemory(glue) {
  let made = glue;
  for (const [check, better] of staleChecks) {
    if (!made.includes(check)) {
      throw new Error(`wasm-bindgen's glue has no \`${check}\` any more: see tools/setup/glue.mjs`);
    }
    made = made.replaceAll(check, better);
  }
  const views = made.match(/\bcached\w+Memory0 = null/g)?.length;
  if (views !== staleChecks.length) {
    throw new Error(`wasm-bindgen's glue keeps ${views} views of memory: see tools/setup/glue.mjs`);
  }
  return made;
}
