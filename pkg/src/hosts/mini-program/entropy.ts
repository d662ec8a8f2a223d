/**
 * Random bytes where they come late, or not at all. They make ids that are unique, and spread
 * reconnects; nothing secret is made of them. So where a host has no source, times and
 * `Math.random` do.
 */
import { called, type MiniProgramApi } from './api.js';

const BYTES = 32;
/** Asked for at a time. */
const POOL_BYTES = 1_024;

export class Entropy {
  readonly #api: () => MiniProgramApi;
  #pool = new Uint8Array();
  #isAsking = false;

  constructor(api: () => MiniProgramApi) {
    this.#api = api;
  }

  /** Asks the host for bytes. Nothing waits for them. */
  gather(): void {
    const api = this.#api();
    if (this.#isAsking || !api.getRandomValues) return;
    this.#isAsking = true;
    called(api.getRandomValues.bind(api), { length: POOL_BYTES }).then(
      ({ randomValues }) => {
        this.#isAsking = false;
        if (randomValues) this.#pool = new Uint8Array(randomValues);
      },
      () => {
        // Not asked again: it would fail again.
      },
    );
  }

  take(): Uint8Array {
    const bytes = mixed();
    if (typeof crypto === 'object' && typeof crypto.getRandomValues === 'function') {
      return crypto.getRandomValues(bytes);
    }
    const pooled = this.#pool.subarray(0, BYTES);
    this.#pool = this.#pool.subarray(pooled.length);
    if (this.#pool.length < BYTES) this.gather();
    for (const [at, byte] of pooled.entries()) bytes[at] = (bytes[at] ?? 0) ^ byte;
    return bytes;
  }
}

let calls = 0;

/** Of what differs from call to call, and from device to device. */
function mixed(): Uint8Array<ArrayBuffer> {
  calls += 1;
  const time = Date.now() * 1_000 + (calls % 1_000);
  return Uint8Array.from({ length: BYTES }, (_, at) => {
    const part = at < 8 ? Math.floor(time / 2 ** (8 * at)) : 0;
    return (Math.floor(Math.random() * 256) ^ part) & 255;
  });
}
