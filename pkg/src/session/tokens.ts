import { after } from '../alarm.js';
import { SeqlineError } from '../error.js';
import type { ClientOptions, Host, TokenReason } from '../types.js';

const CONNECT_TIMEOUT_MS = 10_000;

export const tokensOf = (
  host: Host,
  { token, connectTimeoutMs = CONNECT_TIMEOUT_MS }: ClientOptions,
): Tokens => new Tokens(host, token, connectTimeoutMs);

/** Gets tokens from the app: one request at a time, however many ask. */
export class Tokens {
  readonly #host: Host;
  readonly #source: ClientOptions['token'];
  readonly #timeoutMs: number;
  #underWay: Promise<string> | undefined;
  /** One that nobody has used yet. */
  #fresh: string | undefined;

  constructor(host: Host, source: ClientOptions['token'], timeoutMs: number) {
    this.#host = host;
    this.#source = source;
    this.#timeoutMs = timeoutMs;
  }

  /** Fetches a token, and keeps it for the first `take`. */
  async look(): Promise<string> {
    this.#fresh ??= await this.#fetch('connect');
    return this.#fresh;
  }

  /** A token to use now. */
  async take(reason: TokenReason): Promise<string> {
    const fresh = reason === 'connect' ? this.#fresh : undefined;
    this.#fresh = undefined;
    return fresh ?? this.#fetch(reason);
  }

  #fetch(reason: TokenReason): Promise<string> {
    this.#underWay ??= this.#ask(reason).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #ask(reason: TokenReason): Promise<string> {
    if (typeof this.#source === 'string') return this.#source;
    const token: unknown = await this.#inTime(this.#source(reason));
    if (typeof token !== 'string' || token === '') {
      throw unavailable('the `token` function did not give a string');
    }
    return token;
  }

  async #inTime<T>(value: T | Promise<T>): Promise<T> {
    let stop!: () => void;
    const timeout = new Promise<never>((_, reject) => {
      stop = after(this.#host, this.#timeoutMs, () => {
        reject(unavailable(`the \`token\` function gave nothing within ${this.#timeoutMs} ms`));
      });
    });
    try {
      return await Promise.race([value, timeout]);
    } finally {
      stop();
    }
  }
}

/**
 * The name under which cursor and outbox are kept: app and user of a JSON Web Token. Reads
 * the claims without checking them, which is the relay's business.
 */
export function accountOf(token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const json = atob(payload.replace(/-/g, '+').replace(/_/g, '/'));
    const { app, sub } = JSON.parse(json) as { app?: unknown; sub?: unknown };
    if (typeof app === 'string' && typeof sub === 'string') return `${app}/${sub}`;
  } catch {
    // Not a readable one.
  }
  return 'default';
}

function unavailable(message: string): SeqlineError {
  return new SeqlineError({ code: 'token_unavailable', message, retryable: true });
}
