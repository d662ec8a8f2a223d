/** Mini-programs, where WebAssembly is another one, or none. */
import { fromAsm } from './asm-client.js';
import type { Imports, Instantiate } from './wasm.js';

/** WeChat's: it takes nothing but a path inside the mini-program. */
interface WXWebAssembly {
  instantiate(path: string, imports: Imports): Promise<{ instance: { exports: object } }>;
}

declare const WXWebAssembly: WXWebAssembly | undefined;

/** Where WeChat's tools put the package's files. */
const DEFAULT_PATH = '/miniprogram_npm/seqline/seqline.wasm';

/**
 * The wasm of the mini-program where it can be run, else the same as plain JavaScript.
 * @param path of `seqline/seqline.mvp.wasm`, or of its `.br`, from the top of the mini-program
 */
export function fromPackage(path = DEFAULT_PATH): Instantiate {
  return async (imports) => {
    if (typeof WXWebAssembly === 'undefined') return fromAsm(imports);
    try {
      return (await WXWebAssembly.instantiate(path, imports)).instance.exports;
    } catch {
      return fromAsm(imports);
    }
  };
}
