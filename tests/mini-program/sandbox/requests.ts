/** `request` of mini-programs: HTTP, with the answer parsed if it is JSON. */
import type { Realm } from './realm.ts';
import type { CallbackOptions } from './sockets.ts';

export interface RequestOptions extends CallbackOptions {
  url: string;
  method?: string;
  data?: unknown;
  header?: Record<string, string>;
  headers?: Record<string, string>;
  timeout?: number;
  responseType?: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  data: unknown;
}

export class Requests {
  readonly #realm: Realm;
  readonly #underWay = new Set<AbortController>();
  #isDown = false;

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /**
   * @param success what the host makes of an answer
   * @param failure what it makes of none
   */
  send(
    options: RequestOptions,
    success: (answer: Answer) => unknown,
    failure: (what: string) => unknown,
  ): { abort: () => void } {
    const abort = new AbortController();
    this.#underWay.add(abort);
    if (this.#isDown) abort.abort();
    void this.#fetch(options, abort.signal)
      .then(
        (answer) => [options.success, success(answer)] as const,
        () => [options.fail, failure(abort.signal.aborted ? 'abort' : 'no network')] as const,
      )
      .then(([callback, value]) => {
        this.#underWay.delete(abort);
        this.#realm.post(callback, value);
        this.#realm.post(options.complete, value);
      });
    return {
      abort: () => {
        abort.abort();
      },
    };
  }

  takeAway(): void {
    this.#isDown = true;
    for (const abort of this.#underWay) abort.abort();
  }

  giveBack(): void {
    this.#isDown = false;
  }

  async #fetch(options: RequestOptions, abort: AbortSignal): Promise<Answer> {
    const { url, method = 'GET', data, timeout = 60_000 } = options;
    const headers = { 'content-type': 'application/json', ...options.header, ...options.headers };
    const hasBody = data !== undefined && method.toUpperCase() !== 'GET';
    const signal = AbortSignal.any([abort, AbortSignal.timeout(timeout)]);
    const response = await fetch(url, {
      method,
      headers,
      ...(hasBody ? { body: bodyOf(data) } : {}),
      signal,
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      data: options.responseType === 'arraybuffer' ? this.#realm.ownBuffer(bytes) : parsed(bytes),
    };
  }
}

function bodyOf(data: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof data === 'string') return data;
  const isBuffer = Object.prototype.toString.call(data) === '[object ArrayBuffer]';
  return isBuffer ? new Uint8Array(data as ArrayBuffer).slice() : JSON.stringify(data);
}

function parsed(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
