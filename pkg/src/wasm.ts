/** The compiled client: loaded once, whatever it was compiled to and wherever it comes from. */
import { messageOf, SeqlineError } from './error.js';
import * as glue from './wasm/seqline_bg.js';

export * as wasm from './wasm/seqline_bg.js';

/** What the compiled client imports, as WebAssembly wants it. */
export type Imports = Record<string, Record<string, (...args: never[]) => unknown>>;

/** Makes the compiled client. @returns what it exports: its memory and its functions */
export type Instantiate = (imports: Imports) => object | Promise<object>;

/** What the client runs as, once it is loaded. */
export const running: {
  engine: 'wasm' | 'javascript';
  /** Why it is not what it should be. */
  warning?: string;
} = { engine: 'wasm' };

let loading: Promise<void> | undefined;

/**
 * Loads the compiled client once. Calls while it loads share it, calls afterwards do nothing,
 * and a call after a failure tries again.
 * @throws {SeqlineError} `wasm_unavailable`
 */
export function load(instantiate: Instantiate): Promise<void> {
  loading ??= connect(instantiate).catch((error: unknown) => {
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

async function connect(instantiate: Instantiate): Promise<void> {
  // A plain object: not every host takes a module's namespace for one.
  const imports = { './seqline_bg.js': { ...glue } } as unknown as Imports;
  glue.__wbg_set_wasm(await instantiate(imports));
}
