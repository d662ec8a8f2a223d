// The message that is being edited, if one is.
import type { Client } from 'seqline';
import { shallowRef, type ShallowRef } from 'vue';

import { failureText } from './failures.ts';
import type { Notices } from '@seqline/shared/session/notices.ts';

export interface Edited {
  conv: string;
  convSeq: number;
  text: string;
}

export class Editing {
  readonly message: ShallowRef<Edited | undefined> = shallowRef();
  private readonly client: Client;
  private readonly notices: Notices;

  constructor(client: Client, notices: Notices) {
    this.client = client;
    this.notices = notices;
  }

  start(message: Edited): void {
    this.message.value = message;
  }

  stop(): void {
    this.message.value = undefined;
  }

  /** @returns whether the relay took it; else the text stays in the composer */
  async save(text: string): Promise<boolean> {
    const message = this.message.value;
    if (!message) return true;
    if (text !== message.text) {
      try {
        await this.client.messages.edit(message.conv, message.convSeq, text);
      } catch (error) {
        this.notices.show(failureText(error));
        return false;
      }
    }
    this.stop();
    return true;
  }
}
