// "… is typing": sent at most every few seconds, forgotten when no further one comes.
import type { Client, Events } from 'seqline';

import type { Chat } from '../store/chat.ts';
import { expireTyping, noteTyping } from '../store/typing.ts';
import { targetOf } from './target.ts';

const KIND = 'typing';
/** Less than the receiver shows a sign for, so that it does not flicker. */
const SIGNAL_EVERY_MS = 3_000;

export class TypingSignals {
  private readonly client: Client;
  private readonly chat: Chat;
  private last: { conv: string; at: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, chat: Chat) {
    this.client = client;
    this.chat = chat;
  }

  /** The user has typed something. */
  typed(conv: string): void {
    const now = Date.now();
    const isRepeated = this.last?.conv === conv && now - this.last.at < SIGNAL_EVERY_MS;
    if (isRepeated || this.client.state.state !== 'connected') return;
    this.last = { conv, at: now };
    // Best effort: whoever misses it misses nothing.
    this.client.ephemeral(targetOf(this.chat, conv), KIND, null).catch(() => undefined);
  }

  /** The message is sent: the next key is a new beginning. */
  finished(): void {
    this.last = undefined;
  }

  receive({ conv, sender, kind }: Events['ephemeral']): void {
    if (kind !== KIND || sender === this.chat.me) return;
    noteTyping(this.chat.typing, conv, sender, Date.now());
    this.expire();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private expire(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    const next = expireTyping(this.chat.typing, now);
    if (next === undefined) return;
    this.timer = setTimeout(() => {
      this.expire();
    }, next - now);
  }
}
