/** Whose session it is, as the token tells: found out before anything is opened. */
import { after } from '../alarm.js';
import { messageOf } from '../error.js';
import type { Failure, Host } from '../types.js';
import { accountOf, type Tokens } from './tokens.js';

/** Between attempts to get the first token; doubles. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

export interface AccountListener {
  /** Something does not work as it should, and the client goes on without. */
  warned(failure: Failure): void;
  /** There is no token to tell the account from; it is asked for again after a while. */
  retrying(attempt: number, retryInMs: number): void;
}

export class AccountSearch {
  readonly #host: Host;
  readonly #tokens: Tokens;
  readonly #listener: AccountListener;
  #isPaused = false;
  #cutShort: (() => void) | undefined;

  constructor(host: Host, tokens: Tokens, listener: AccountListener) {
    this.#host = host;
    this.#tokens = tokens;
    this.#listener = listener;
  }

  /** None if paused meanwhile. */
  async find(): Promise<string | undefined> {
    this.#isPaused = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return accountOf(await this.#tokens.look());
      } catch (error) {
        this.#listener.warned({
          code: 'token_unavailable',
          message: messageOf(error),
          retryable: true,
          cause: error,
        });
      }
      if (this.#hasPaused()) return undefined;
      const delayMs = Math.min(RETRY_MS * 2 ** (attempt - 1), RETRY_MS_MAX);
      this.#listener.retrying(attempt, delayMs);
      await this.#wait(delayMs);
      if (this.#hasPaused()) return undefined;
      this.#listener.retrying(attempt, 0);
    }
  }

  /** Asks for no further token until it is to be found again; the next attempt is not waited for. */
  pause(): void {
    this.#isPaused = true;
    this.#cutShort?.();
  }

  #hasPaused(): boolean {
    return this.#isPaused;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = after(this.#host, delayMs, resolve);
      this.#cutShort = () => {
        stop();
        resolve();
      };
    });
  }
}
