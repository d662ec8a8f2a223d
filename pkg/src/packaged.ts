/** Mini-programs, where WebAssembly is another one, or none: what comes with the app's package. */
import { fromAsm } from './asm-client.js';
import { messageOf } from './error.js';
import { running, type Imports, type Instantiate } from './wasm.js';
import { fromSource } from './web-assembly.js';

/** WeChat's: it takes nothing but a path inside the mini-program. */
interface WXWebAssembly {
  instantiate(path: string, imports: Imports): Promise<{ instance: { exports: object } }>;
}

declare const WXWebAssembly: WXWebAssembly | undefined;

/**
 * What `init()` takes: the path of the wasm from the top of the mini-program; where a page or an
 * app has WebAssembly as the web has it, also a URL, the bytes, or a module.
 */
export type PackagedSource = string | BufferSource | WebAssembly.Module;

/** Where WeChat's tools put the package's files, or a developer did, or uni-app. */
const FOLDERS = ['/miniprogram_npm/seqline', '/seqline', '/static/seqline'];
const DEFAULT_PATHS = FOLDERS.flatMap((folder) => [
  `${folder}/seqline.wasm`,
  `${folder}/seqline.wasm.br`,
]);

/** WebAssembly where it can be had, else the same as plain JavaScript. */
export function fromPackage(source?: PackagedSource): Instantiate {
  return async (imports) => {
    const attempt = attemptOf(source);
    if (attempt) {
      try {
        return await attempt(imports);
      } catch (error) {
        running.warning = `the wasm could not be used (${messageOf(error)}); JavaScript is, which is slower`;
      }
    }
    return fromAsm(imports);
  };
}

/** None where there is no WebAssembly, or nothing to make it of. */
function attemptOf(source: PackagedSource | undefined): Instantiate | undefined {
  if (typeof WXWebAssembly === 'object') return fromPaths(WXWebAssembly, source);
  if (source === undefined || typeof WebAssembly !== 'object') return undefined;
  return fromSource(source, (place) => fetch(place ?? ''));
}

function fromPaths(packaged: WXWebAssembly, source: PackagedSource = ''): Instantiate {
  return async (imports) => {
    if (typeof source !== 'string') throw new Error('WeChat takes its path, and nothing else');
    const paths = source === '' ? DEFAULT_PATHS : [source];
    const errors: string[] = [];
    for (const path of paths) {
      try {
        return (await packaged.instantiate(path, imports)).instance.exports;
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    throw new Error(`looked for ${paths.join(', ')}: ${errors[0] ?? ''}`);
  };
}
