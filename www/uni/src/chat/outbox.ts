import {
  directConversation,
  type Body,
  type Client,
  type Events,
  type Failure,
  type Status,
} from 'seqline/mp';
import { shallowRef } from 'vue';

/** An own message that has no place in its conversation yet. */
export interface Outgoing {
  clientMsgId: string;
  conv: string;
  body: Body;
  status: Status;
  /** Why, if it failed. */
  failure?: Failure;
}

/** Own messages on their way. The client keeps them over a restart; this is what is shown of them. */
export class Outbox {
  /** In the order in which they were sent. */
  readonly messages = shallowRef<readonly Outgoing[]>([]);
  readonly #client: Client;
  readonly #me: string;

  constructor(client: Client, me: string) {
    this.#client = client;
    this.#me = me;
  }

  send(conv: string, body: string): void {
    const sending = this.#client.send({ to: { conv }, body });
    const { clientMsgId } = sending;
    this.#put({ clientMsgId, conv, body, status: 'queued' });
    // A message that the client did not even take has no `status` event.
    sending.catch((failure: unknown) => {
      this.#change(clientMsgId, { status: 'failed', failure: failure as Failure });
    });
  }

  async retry(clientMsgId: string): Promise<void> {
    await this.#client.retry(clientMsgId);
  }

  async discard(clientMsgId: string): Promise<void> {
    await this.#client.discard(clientMsgId);
    this.forget(clientMsgId);
  }

  /** What the client tells of an own message; after a restart also of those from before. */
  advance({ clientMsgId, status, draft, failure }: Events['status']): void {
    if (status === 'delivered' || status === 'read') return;
    if (draft) {
      const { to, body } = draft;
      const conv = 'conv' in to ? to.conv : directConversation(this.#me, to.user);
      this.#put({ clientMsgId, conv, body, status });
    }
    this.#change(clientMsgId, { status, ...(failure ? { failure } : {}) });
  }

  /** It is one of the conversation's messages now, with a place; or it was discarded. */
  forget(clientMsgId: string): void {
    const { messages } = this;
    messages.value = messages.value.filter((message) => message.clientMsgId !== clientMsgId);
  }

  /** Whoever is first to tell of it: the app that sends it, or the client by a `status` event. */
  #put(message: Outgoing): void {
    const isKnown = this.messages.value.some((each) => each.clientMsgId === message.clientMsgId);
    if (!isKnown) this.messages.value = [...this.messages.value, message];
  }

  #change(clientMsgId: string, change: Partial<Outgoing>): void {
    this.messages.value = this.messages.value.map((message) =>
      message.clientMsgId === clientMsgId ? { ...message, ...change } : message,
    );
  }
}
