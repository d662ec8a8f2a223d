/** What a tab has asked for and is not answered, whoever leads meanwhile. */
import { SeqlineError } from '../error.js';
import type { Failure } from '../types.js';
import type { Work } from './messages.js';

/** A full outbox, and as many requests as may wait. */
const CALLS_MAX = 1_128;

interface Pending {
  work: Work;
  /** An earlier leader was asked. */
  isAsked: boolean;
  resolve(value: never): void;
  reject(error: SeqlineError): void;
}

export class PendingCalls {
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  /** `added` gets the number of the call. */
  add(work: Work, added: (id: number) => void): Promise<unknown> {
    if (this.#pending.size >= CALLS_MAX) {
      return Promise.reject(
        new SeqlineError({
          code: 'too_many_requests',
          message: `${CALLS_MAX} requests of this tab wait already`,
          retryable: true,
        }),
      );
    }
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<never>((resolve, reject) => {
      this.#pending.set(id, { work, isAsked: false, resolve, reject });
    });
    added(id);
    return answer;
  }

  /** Asks the one that leads. */
  ask(id: number, ask: (work: Work, isRepeated: boolean) => void): void {
    const call = this.#pending.get(id);
    if (!call) return;
    const isRepeated = call.isAsked;
    call.isAsked = true;
    ask(call.work, isRepeated);
  }

  /**
   * There is another leader, who knows nothing of them: asks for what can be asked for twice, in
   * the order of the calls.
   */
  askAgain(ask: (id: number, work: Work, isRepeated: boolean) => void): void {
    for (const [id, { work, isAsked }] of [...this.#pending]) {
      if (!isAsked || isRepeatable(work)) {
        this.ask(id, (_, isRepeated) => {
          ask(id, work, isRepeated);
        });
      } else {
        this.failed(id, {
          code: 'connection_lost',
          message:
            'the tab with the connection was closed before it answered; look whether it was done',
          retryable: true,
        });
      }
    }
  }

  answered(id: number, value: unknown): void {
    this.#take(id)?.resolve(value as never);
  }

  failed(id: number, failure: Failure): void {
    this.#take(id)?.reject(new SeqlineError(failure));
  }

  failAll(failure: Failure): void {
    for (const id of [...this.#pending.keys()]) this.failed(id, failure);
  }

  #take(id: number): Pending | undefined {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    return call;
  }
}

/** Whether doing it twice is doing it once. */
function isRepeatable(work: Work): boolean {
  if (!('request' in work)) return true;
  const { request } = work;
  if ('call' in request) return request.call.repeatable ?? false;
  return !('ephemeral' in request);
}
