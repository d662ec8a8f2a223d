/** Hosts with WebAssembly as the web has it: browsers and Node. */
import type { WasmSource } from './types.js';
import type { Imports, Instantiate } from './wasm.js';

type Place = string | URL;

/**
 * @param source What the app gave to `init()`.
 * @param read Gets it from a place, by default from the entry point's own.
 */
export function fromSource(
  source: WasmSource | Promise<WasmSource> | undefined,
  read: (place: Place | undefined) => WasmSource | Promise<WasmSource>,
): Instantiate {
  return async (imports) => {
    const given = await source;
    const isUrl = typeof URL === 'function' && given instanceof URL;
    const isPlace = given === undefined || typeof given === 'string' || isUrl;
    const found = isPlace ? await read(given) : given;
    return (await instantiate(found, imports)).exports;
  };
}

async function instantiate(
  source: Exclude<WasmSource, Place>,
  imports: Imports,
): Promise<WebAssembly.Instance> {
  if (typeof Response === 'function' && source instanceof Response) {
    const type = check(source);
    // Others do not give it this type, and then it cannot be compiled while it comes.
    if (type === 'application/wasm' && typeof WebAssembly.instantiateStreaming === 'function') {
      return (await WebAssembly.instantiateStreaming(source, imports)).instance;
    }
    source = await source.arrayBuffer();
  }
  const made: WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource =
    await WebAssembly.instantiate(source as BufferSource, imports);
  return 'instance' in made ? made.instance : made;
}

/** Servers answer with their start page, or worse, where a file is missing. */
function check(response: Response): string {
  const type = response.headers.get('content-type') ?? 'no content type';
  const what = response.ok
    ? type.startsWith('text/html') && `is a web page (${type})`
    : `answered ${response.status}`;
  if (what) {
    throw new Error(
      `${response.url} ${what}. Serve the file \`seqline/seqline.wasm\` and give its URL to init()`,
    );
  }
  return type;
}
