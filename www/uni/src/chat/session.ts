import {
  createClient,
  type Client,
  type ConnectionState,
  type Events,
  type Failure,
} from 'seqline/mp';
import { shallowRef } from 'vue';

import { ConversationList } from './conversation-list';
import { logIn, type Login } from './login';
import { Mailbox } from './mailbox';
import { Outbox } from './outbox';
import { Thread } from './thread';

/** One log-in at work: the client, what the pages show, and the wires between them. */
export class Session {
  readonly me: string;
  readonly client: Client;
  readonly connection = shallowRef<ConnectionState>({ state: 'disconnected', reason: 'initial' });
  /** The last error that no call was waiting for. */
  readonly failure = shallowRef<Failure>();
  readonly list: ConversationList;
  readonly mailbox: Mailbox;
  readonly outbox: Outbox;
  /** The conversation that is on the screen. */
  #thread: Thread | undefined;

  constructor({ relay, user, app, token }: Login) {
    this.me = user;
    this.client = createClient(relay, {
      // A fresh one is fetched when the first has expired.
      token: async (reason) => (reason === 'expired' ? (await logIn(relay, user)).token : token),
      account: `${app}/${user}`,
      // What was before is in the list, and in each conversation's history.
      start: 'newest',
    });
    this.list = new ConversationList(this.client, user);
    this.mailbox = new Mailbox(this.client);
    this.outbox = new Outbox(this.client, user);
    this.#listen();
  }

  /** Connects; called again, tries at once instead of waiting. */
  connect(): void {
    // `state` events tell of a failure.
    this.client.connect().catch(() => undefined);
    void this.mailbox.load();
  }

  /** Brings a conversation onto the screen. */
  open(conv: string): Thread {
    this.#thread = new Thread(this.client, this.me, conv);
    void this.#thread.load();
    return this.#thread;
  }

  /** The conversation is not on the screen any more. */
  leave(thread: Thread): void {
    if (this.#thread === thread) this.#thread = undefined;
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }

  #listen(): void {
    const { client, list, mailbox, outbox } = this;
    client.on('state', (state) => {
      this.connection.value = state;
      if (state.state !== 'connected') return;
      this.failure.value = undefined;
      void list.load();
      void this.#thread?.reconnected();
    });
    client.on('error', (failure) => {
      this.failure.value = failure;
    });
    client.on('status', (event) => {
      outbox.advance(event);
    });
    client.on('discard', ({ clientMsgId }) => {
      outbox.forget(clientMsgId);
    });
    client.on('message', (message) => {
      this.#received(message);
    });
    client.on('edit', (message) => {
      this.#thread?.replace(message);
      list.replace(message);
    });
    client.on('recall', ({ conv, convSeq }) => {
      this.#thread?.recall(conv, convSeq);
      list.recall(conv, convSeq);
    });
    client.on('delete', ({ conv, convSeq }) => {
      this.#thread?.remove(conv, convSeq);
      void list.load();
    });
    client.on('receipt', (receipt) => {
      list.receipt(receipt);
    });
    client.on('read', ({ conv, convSeq }) => {
      list.read(conv, convSeq);
    });
    client.on('group', () => {
      void list.load();
    });
    client.on('reset', () => {
      void list.load();
      void this.#thread?.reload();
    });
    client.on('broadcast', () => mailbox.load());
  }

  #received(message: Events['message']): void {
    this.#thread?.receive(message);
    this.outbox.forget(message.clientMsgId);
    this.list.receive(message);
  }
}
