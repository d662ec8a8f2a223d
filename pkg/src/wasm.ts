import { messageOf, SeqlineError } from './error.js';
import type { WasmSource } from './types.js';
import initGlue from './wasm/seqline.js';

export * as wasm from './wasm/seqline.js';

let loading: Promise<void> | undefined;

/**
 * Loads the compiled client once. Calls while it loads share it, calls afterwards do nothing,
 * and a call after a failure tries again.
 */
export function load(
  source: WasmSource | Promise<WasmSource> | undefined,
  read: (source: string | URL | undefined) => Promise<WasmSource>,
): Promise<void> {
  loading ??= instantiate(source, read).catch((error: unknown) => {
    loading = undefined;
    throw new SeqlineError({
      code: 'wasm_unavailable',
      message: `seqline's WebAssembly could not be loaded: ${messageOf(error)}`,
      retryable: true,
      cause: error,
    });
  });
  return loading;
}

async function instantiate(
  source: WasmSource | Promise<WasmSource> | undefined,
  read: (source: string | URL | undefined) => Promise<WasmSource>,
): Promise<void> {
  const given = await source;
  const isPlace = given === undefined || typeof given === 'string' || given instanceof URL;
  const found = isPlace ? await read(given) : given;
  if (typeof Response === 'function' && found instanceof Response) check(found);
  await initGlue({ module_or_path: found });
}

/** Servers answer with their start page, or worse, where a file is missing. */
function check(response: Response): void {
  const type = response.headers.get('content-type') ?? 'no content type';
  const what = response.ok
    ? type.startsWith('text/html') && `is a web page (${type})`
    : `answered ${response.status}`;
  if (what) {
    throw new Error(
      `${response.url} ${what}. Serve the file \`seqline/seqline.wasm\` and give its URL to init()`,
    );
  }
}
