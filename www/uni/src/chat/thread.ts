import type { Client, Message } from 'seqline/mp';
import { ref, shallowRef } from 'vue';

const PAGE_MESSAGES = 30;
/** More than this are not kept on the screen; older ones are loaded again when asked for. */
const MESSAGES_MAX = 300;

/** The messages of the conversation that is on the screen. */
export class Thread {
  /** Ascending by `convSeq`, without holes. */
  readonly messages = shallowRef<readonly Message[]>([]);
  /** Whether there are older ones. */
  readonly hasOlder = ref(false);
  readonly isLoading = ref(false);
  /** Why the last page did not come. */
  readonly failure = ref('');
  readonly conv: string;
  readonly #client: Client;
  readonly #me: string;
  #isLoaded = false;
  /** Up to where it was put before the user; told to the relay as soon as there is a connection. */
  #shown = 0;
  #told = 0;

  constructor(client: Client, me: string, conv: string) {
    this.#client = client;
    this.#me = me;
    this.conv = conv;
  }

  /** The newest messages. What comes meanwhile is an event, and finds its place. */
  async load(): Promise<void> {
    await this.#page({});
  }

  async loadOlder(): Promise<void> {
    const [first] = this.messages.value;
    if (first && this.hasOlder.value) await this.#page({ before: first.convSeq });
  }

  /** The timeline could not be continued: what is here may have a hole. */
  async reload(): Promise<void> {
    this.messages.value = [];
    this.#isLoaded = false;
    await this.load();
  }

  async reconnected(): Promise<void> {
    this.#tellRead();
    if (!this.#isLoaded) await this.load();
  }

  receive(message: Message): void {
    if (message.conv !== this.conv) return;
    const messages = merge(this.messages.value, [message]);
    const surplus = messages.length - MESSAGES_MAX;
    if (surplus > 0) this.hasOlder.value = true;
    this.messages.value = surplus > 0 ? messages.slice(surplus) : messages;
  }

  /** It was edited. */
  replace(message: Message): void {
    if (message.conv === this.conv) this.#change(message.convSeq, () => message);
  }

  /** It was taken back. */
  recall(conv: string, convSeq: number): void {
    if (conv !== this.conv) return;
    this.#change(convSeq, (message) => ({ ...message, recalled: true, body: '' }));
  }

  remove(conv: string, convSeq: number): void {
    if (conv !== this.conv) return;
    this.messages.value = this.messages.value.filter((message) => message.convSeq !== convSeq);
  }

  /** Its end is before the user's eyes. */
  seen(): void {
    const last = this.messages.value.filter(({ sender }) => sender !== this.#me).at(-1);
    this.#shown = Math.max(this.#shown, last?.convSeq ?? 0);
    this.#tellRead();
  }

  #tellRead(): void {
    const shown = this.#shown;
    if (shown <= this.#told) return;
    this.#told = shown;
    this.#client.markRead(this.conv, shown).catch(() => {
      // Told again with the next message, or when the connection is back.
      this.#told = 0;
    });
  }

  async #page(query: { before?: number }): Promise<void> {
    if (this.isLoading.value) return;
    this.isLoading.value = true;
    this.failure.value = '';
    try {
      const { messages, more } = await this.#client.history(this.conv, {
        ...query,
        limit: PAGE_MESSAGES,
      });
      this.messages.value = merge(this.messages.value, messages);
      this.hasOlder.value = more;
      this.#isLoaded = true;
    } catch (error) {
      // A conversation in which nobody has written yet is an empty one.
      if ((error as { code?: string }).code === 'conversation_unknown') this.#isLoaded = true;
      else this.failure.value = (error as Error).message;
    } finally {
      this.isLoading.value = false;
    }
  }

  #change(convSeq: number, change: (message: Message) => Message): void {
    this.messages.value = this.messages.value.map((message) =>
      message.convSeq === convSeq ? change(message) : message,
    );
  }
}

/** Each place once, in order. */
function merge(known: readonly Message[], added: readonly Message[]): Message[] {
  const byPlace = new Map([...known, ...added].map((message) => [message.convSeq, message]));
  return [...byPlace.values()].sort((one, other) => one.convSeq - other.convSeq);
}
