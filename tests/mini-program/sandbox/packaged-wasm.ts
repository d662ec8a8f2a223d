/** `WXWebAssembly`: WebAssembly from files of the app's package, and from nowhere else. */
import { brotliDecompressSync } from 'node:zlib';

import type { PackageFiles } from './package-files.ts';

export function packagedWasm(files: PackageFiles): Record<string, unknown> {
  return {
    Memory: WebAssembly.Memory,
    Table: WebAssembly.Table,
    Global: WebAssembly.Global,
    instantiate: async (path: unknown, imports: WebAssembly.Imports) => {
      const module = await WebAssembly.compile(bytesOf(files, path));
      const instance = await WebAssembly.instantiate(module, imports);
      // As on phones by Apple, where an exported Global is not there.
      const exports = Object.fromEntries(
        Object.entries(instance.exports).filter(
          ([, value]) => !(value instanceof WebAssembly.Global),
        ),
      );
      return { module, instance: { exports } };
    },
  };
}

function bytesOf(files: PackageFiles, path: unknown): Uint8Array<ArrayBuffer> {
  if (typeof path !== 'string' || !/^\/.*\.wasm(\.br)?$/.test(path)) {
    throw new TypeError('WXWebAssembly.instantiate takes a path inside the package');
  }
  if (!files.has(path)) throw new Error(`${path}: no such file in the package`);
  const content = files.read(path);
  return Uint8Array.from(path.endsWith('.br') ? brotliDecompressSync(content) : content);
}
