import {
  peerOf,
  type Client,
  type Conversation,
  type Events,
  type Message,
  type Receipt,
} from 'seqline/mp';
import { ref, shallowRef } from 'vue';

/** Conversations kept; the relay has the rest. */
const ROWS_MAX = 200;

/** The user's conversations, lately active first. */
export class ConversationList {
  readonly rows = shallowRef<readonly Conversation[]>([]);
  readonly isLoaded = ref(false);
  readonly #client: Client;
  readonly #me: string;
  #loading: Promise<void> | undefined;
  #isStale = false;

  constructor(client: Client, me: string) {
    this.#client = client;
    this.#me = me;
  }

  find(conv: string): Conversation | undefined {
    return this.rows.value.find((row) => row.conv === conv);
  }

  /** Asked again while it loads, it loads once more: what came may be older than what asked. */
  load(): Promise<void> {
    this.#isStale = true;
    this.#loading ??= this.#loadWhileStale().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  receive(message: Events['message']): void {
    const { conv, own, convSeq, createdAt } = message;
    const row = this.find(conv) ?? this.#newRow(conv);
    // The list may have come with it already.
    if (convSeq <= row.head) return;
    const activity = { head: convSeq, last: message, activeAt: createdAt };
    this.#put({ ...row, ...activity, unread: own ? row.unread : row.unread + 1 });
  }

  replace(message: Message): void {
    const row = this.find(message.conv);
    if (row?.last?.convSeq === message.convSeq) this.#put({ ...row, last: message });
  }

  recall(conv: string, convSeq: number): void {
    const last = this.find(conv)?.last;
    if (last?.convSeq === convSeq) this.replace({ ...last, recalled: true, body: '' });
  }

  /** This user has read, here or on another device. */
  read(conv: string, convSeq: number): void {
    const row = this.find(conv);
    if (!row) return;
    if (convSeq >= row.head) this.#put({ ...row, read: convSeq, unread: 0 });
    else void this.load();
  }

  /** Another user received or read. */
  receipt(receipt: Receipt): void {
    const row = this.find(receipt.conv);
    if (!row) return;
    const others = row.receipts.filter(({ user }) => user !== receipt.user);
    this.#put({ ...row, receipts: [...others, receipt] });
  }

  async #loadWhileStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const { conversations } = await this.#client.conversations({ limit: ROWS_MAX });
        this.rows.value = conversations;
        this.isLoaded.value = true;
      } catch {
        // Loaded again when the connection is back.
        return;
      }
    }
  }

  #put(row: Conversation): void {
    const others = this.rows.value.filter(({ conv }) => conv !== row.conv);
    const rows = [row, ...others].sort((one, other) => other.activeAt - one.activeAt);
    this.rows.value = rows.slice(0, ROWS_MAX);
  }

  #newRow(conv: string): Conversation {
    const peer = peerOf(conv, this.#me);
    const isNew = { head: 0, unread: 0, read: 0, receipts: [], activeAt: 0, crowd: false };
    return { conv, ...isNew, ...(peer === undefined ? {} : { peer }) };
  }
}
