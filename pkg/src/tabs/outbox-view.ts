/** How the messages of the outbox stand, seen from outside by what is told of them. */
import { SeqlineError } from '../error.js';
import type { Events, Sent } from '../types.js';
import type { OutboxItem } from './messages.js';

interface Outcome {
  resolve: (sent: Sent) => void;
  reject: (error: SeqlineError) => void;
}

export class OutboxView {
  readonly #items = new Map<string, OutboxItem>();
  readonly #awaited = new Map<string, Outcome[]>();

  note(event: Events['status']): void {
    const { clientMsgId, status, sent, failure } = event;
    const known = this.#items.get(clientMsgId);
    if (status === 'queued' || status === 'sending' || status === 'failed') {
      const draft = event.draft ?? known?.draft;
      this.#items.set(clientMsgId, { ...event, ...(draft ? { draft } : {}) });
    } else {
      this.#items.delete(clientMsgId);
    }
    for (const outcome of sent || failure ? this.#take(clientMsgId) : []) {
      if (sent) outcome.resolve(sent);
      else if (failure) outcome.reject(new SeqlineError(failure));
    }
  }

  /** It was discarded. */
  forget(clientMsgId: string): void {
    this.#items.delete(clientMsgId);
  }

  has(clientMsgId: string): boolean {
    return this.#items.has(clientMsgId);
  }

  hasFailed(clientMsgId: string): boolean {
    return this.#items.get(clientMsgId)?.status === 'failed';
  }

  /** In the order of sending. */
  list(): OutboxItem[] {
    return [...this.#items.values()];
  }

  /**
   * What becomes of one that is in it.
   * @throws {SeqlineError} if it has failed, or fails
   */
  outcome(clientMsgId: string): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const failure = this.#items.get(clientMsgId)?.failure;
      if (failure) {
        reject(new SeqlineError(failure));
        return;
      }
      const outcomes = this.#awaited.get(clientMsgId) ?? [];
      this.#awaited.set(clientMsgId, [...outcomes, { resolve, reject }]);
    });
  }

  #take(clientMsgId: string): Outcome[] {
    const outcomes = this.#awaited.get(clientMsgId) ?? [];
    this.#awaited.delete(clientMsgId);
    return outcomes;
  }
}
