import type { Broadcast, Client } from 'seqline/mp';
import { computed, shallowRef } from 'vue';

/** The messages to all users that are valid now, newest first. */
export class Mailbox {
  readonly broadcasts = shallowRef<readonly Broadcast[]>([]);
  readonly unopened = computed(() => this.broadcasts.value.filter(({ opened }) => !opened).length);
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** What this device holds; needs no connection. */
  async load(): Promise<void> {
    try {
      this.broadcasts.value = await this.#client.broadcasts();
    } catch {
      // An `error` event says why this device's storage cannot be read.
    }
  }

  async open(id: number): Promise<void> {
    // It may have been withdrawn in the meantime.
    await this.#client.opened(id).catch(() => undefined);
    await this.load();
  }
}
