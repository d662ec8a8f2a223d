// Who is there: asked for those that are shown, and told to others if the user wants it.
import type { Client, Events } from 'seqline';
import { shallowRef, type ShallowRef } from 'vue';

import type { Chat } from '../store/chat.ts';
import { applyPresence } from '../store/presence.ts';
import { failureText, isConnectionFailure } from './failures.ts';
import type { Notices } from '@seqline/shared/session/notices.ts';

/** Users that are watched at a time; those that were shown first are let go. */
const WATCHED_MAX = 200;

export class PresenceWatch {
  /** Whether others see when this user is there; unknown until asked. */
  readonly isShared: ShallowRef<boolean | undefined> = shallowRef();
  private readonly client: Client;
  private readonly chat: Chat;
  private readonly notices: Notices;
  private readonly watched = new Set<string>();

  constructor(client: Client, chat: Chat, notices: Notices) {
    this.client = client;
    this.chat = chat;
    this.notices = notices;
  }

  receive({ users }: Events['presence']): void {
    applyPresence(this.chat.presences, users);
  }

  /** These users are shown somewhere. */
  show(users: string[]): void {
    const added = users.filter((user) => user !== this.chat.me && !this.watched.has(user));
    if (added.length === 0) return;
    for (const user of added) this.watched.add(user);
    const dropped = [...this.watched].slice(0, Math.max(this.watched.size - WATCHED_MAX, 0));
    for (const user of dropped) {
      this.watched.delete(user);
      this.chat.presences.delete(user);
    }
    // First, as the relay counts. Best effort: without an answer nobody is shown as online.
    if (dropped.length > 0) this.client.presence.unwatch(dropped).catch(() => undefined);
    this.client.presence.watch(added).catch(() => undefined);
  }

  /** Whoever shares it is online now, to herself too. */
  async loadShared(): Promise<void> {
    try {
      const { users } = await this.client.presence.get([this.chat.me]);
      this.isShared.value = users.some(({ user, online }) => user === this.chat.me && online);
    } catch (error) {
      if (!isConnectionFailure(error)) this.notices.show(failureText(error));
    }
  }

  async share(isShared: boolean): Promise<void> {
    const before = this.isShared.value;
    this.isShared.value = isShared;
    try {
      await this.client.presence.share(isShared);
    } catch (error) {
      this.isShared.value = before;
      this.notices.show(failureText(error));
    }
  }
}
