// Messages to all users: what the client tells of them, and what the user does with them.
import type { Client } from 'seqline';
import { reactive } from 'vue';

import {
  closeAnnouncement,
  createAnnouncements,
  dropExpired,
  openAnnouncement,
  putAway,
  receiveBroadcast,
  receiveHeld,
  type Announcements as State,
} from '../store/announcements.ts';
import { codeOf, failureText } from './failures.ts';
import type { Notices } from '@seqline/shared/session/notices.ts';

export class Announcements {
  // As `object`: TypeScript cannot look through a message body, which may nest without end.
  readonly state = reactive<object>(createAnnouncements()) as State;
  private readonly client: Client;
  private readonly notices: Notices;

  constructor(client: Client, notices: Notices) {
    this.client = client;
    this.notices = notices;
    client.on('broadcast', (event) => {
      receiveBroadcast(this.state, event);
    });
  }

  /** Reads what this device holds; works without a connection. */
  async load(): Promise<void> {
    try {
      receiveHeld(this.state, await this.client.broadcasts());
    } catch {
      // The client could not start or is gone, which is said elsewhere.
    }
  }

  open(id: number): void {
    if (!openAnnouncement(this.state, id)) return;
    this.client.opened(id).catch((error: unknown) => {
      // Withdrawn or expired in this moment: what is in view says so.
      const isOver = codeOf(error) === 'broadcast_unknown' || codeOf(error) === 'disconnected';
      if (!isOver) this.notices.show(failureText(error));
    });
  }

  close(): void {
    closeAnnouncement(this.state);
  }

  /** Puts one away that is new, or all of them; they stay in the list. */
  putAway(id?: number): void {
    putAway(this.state, id);
  }

  /** To be called now and then. */
  tick(now: number): void {
    dropExpired(this.state, now);
  }
}
