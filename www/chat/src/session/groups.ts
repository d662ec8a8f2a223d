// What the user does with groups and channels, and what the page asks about them.
import {
  channelConversation,
  groupConversation,
  type Client,
  type GroupEdit,
  type JoinRule,
  type Member,
} from 'seqline';

import { factsOf, type Chat } from '../store/chat.ts';
import { applyGroup, applyMembers } from '../store/groups.ts';
import { codeOf, failureText, isConnectionFailure } from './failures.ts';
import type { Notices } from '@seqline/shared/session/notices.ts';

/** Members asked for at once. */
const MEMBERS_PAGE = 100;

export interface NewGroupWish {
  kind: 'group' | 'channel';
  title: string;
  users: string[];
  /** A channel's, by which others find it; a group's is made up. */
  name?: string;
}

export class GroupActions {
  private readonly client: Client;
  private readonly chat: Chat;
  private readonly notices: Notices;
  private readonly loading = new Set<string>();

  constructor(client: Client, chat: Chat, notices: Notices) {
    this.client = client;
    this.chat = chat;
    this.notices = notices;
  }

  /** Learns what a group is called, and this user's place in it. */
  async load(conv: string): Promise<void> {
    if (!isGroup(conv) || this.loading.has(conv) || this.client.state.state !== 'connected') return;
    this.loading.add(conv);
    try {
      const group = await this.client.groups.get(conv);
      applyGroup(factsOf(this.chat, conv), group);
      const row = this.chat.rows.get(conv);
      if (row) row.title = group.title;
      await this.moreMembers(conv);
    } catch (error) {
      // Who does not belong to it, or any more, is told nothing.
      const facts = factsOf(this.chat, conv);
      const isOut = ['conversation_unknown', 'not_allowed'].includes(codeOf(error));
      if (isOut && facts.group && !facts.ended) facts.ended = 'removed';
      if (!isOut && !isConnectionFailure(error)) this.notices.show(failureText(error));
    } finally {
      this.loading.delete(conv);
    }
  }

  /** Loads the next members, by name. */
  async moreMembers(conv: string): Promise<void> {
    const facts = factsOf(this.chat, conv);
    if (facts.hasAllMembers) return;
    const after = facts.nextMembers;
    await this.attempt(async () => {
      const query = { limit: MEMBERS_PAGE, ...(after === undefined ? {} : { after }) };
      const { members, next } = await this.client.groups.members(conv, query);
      applyMembers(facts, members, next);
    });
  }

  /** @returns the new conversation, or why there is none */
  async create(wish: NewGroupWish): Promise<{ conv: string } | { problem: string }> {
    const conv =
      wish.kind === 'channel'
        ? channelConversation(wish.name ?? randomName())
        : groupConversation(randomName());
    try {
      await this.client.groups.create({ conv, title: wish.title, users: wish.users });
      return { conv };
    } catch (error) {
      return { problem: failureText(error) };
    }
  }

  /** @returns why it was not possible; none if it was */
  async join(conv: string): Promise<string | undefined> {
    try {
      await this.client.groups.join(conv);
      return undefined;
    } catch (error) {
      return failureText(error);
    }
  }

  /** @returns why it was not possible; none if it was */
  async invite(conv: string, users: string[]): Promise<string | undefined> {
    try {
      await this.client.groups.invite(conv, users);
      return undefined;
    } catch (error) {
      return failureText(error);
    }
  }

  leave(conv: string): Promise<boolean> {
    return this.attempt(() => this.client.groups.leave(conv));
  }

  remove(conv: string, member: Member): Promise<boolean> {
    return this.attempt(() => this.client.groups.remove(conv, [member.user]));
  }

  transfer(conv: string, member: Member): Promise<boolean> {
    return this.attempt(() => this.client.groups.transfer(conv, member.user));
  }

  setRole(conv: string, member: Member, role: 'member' | 'admin'): Promise<boolean> {
    return this.attempt(() => this.client.groups.role(conv, member.user, role));
  }

  /** @param until 0 lets the member write again */
  mute(conv: string, member: Member, until: number): Promise<boolean> {
    return this.attempt(() => this.client.groups.mute(conv, member.user, until));
  }

  muteAll(conv: string, muted: boolean): Promise<boolean> {
    return this.attempt(() => this.client.groups.muteAll(conv, muted));
  }

  edit(conv: string, changes: GroupEdit): Promise<boolean> {
    return this.attempt(() => this.client.groups.edit(conv, changes));
  }

  setJoinRule(conv: string, join: JoinRule): Promise<boolean> {
    return this.edit(conv, { join });
  }

  dissolve(conv: string): Promise<boolean> {
    return this.attempt(() => this.client.groups.dissolve(conv));
  }

  /** Does something, and says so if it was not possible. What it changes is told by an event. */
  private async attempt(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.notices.show(failureText(error));
      return false;
    }
  }
}

export const isGroup = (conv: string): boolean => /^(?:group|channel):/.test(conv);

const randomName = (): string => crypto.randomUUID().replaceAll('-', '').slice(0, 20);
