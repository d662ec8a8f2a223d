/** The uni-app sample as its user sees it, on whatever platform it runs. */
import { expect } from 'vitest';

import { directConversation } from '../support/wire.ts';
import type { Screen } from './screen.ts';

/** A message as the app shows it. */
export interface Bubble {
  sender: string;
  text: string;
  /** How far an own message got. */
  status?: string;
}

/** What the app says, in the language of the phone. */
const WORDS = {
  en: { recall: 'Take back', recalled: 'Message taken back' },
  zh: { recall: '撤回', recalled: '消息已撤回' },
};

export class SampleApp {
  readonly user: string;
  readonly screen: Screen;
  readonly words: (typeof WORDS)['en'];

  constructor(user: string, screen: Screen, language: keyof typeof WORDS) {
    this.user = user;
    this.screen = screen;
    this.words = WORDS[language];
  }

  /** From the log-in page to the list of conversations. */
  async logIn(relayUrl: string): Promise<void> {
    await this.screen.fill('login-relay', relayUrl);
    await this.screen.fill('login-user', this.user);
    await this.screen.tap('login-submit');
    await this.connected();
  }

  async connected(): Promise<void> {
    await this.state('connected');
  }

  async state(state: string): Promise<void> {
    await expect
      .poll(() => this.#data('connection-state', 'state'), { message: this.user })
      .toContain(state);
  }

  /** From the list to the conversation with somebody whom this user may never have written to. */
  async writeTo(user: string): Promise<void> {
    await this.screen.fill('new-chat', user);
    await this.screen.tap('new-chat-start');
  }

  /** From the list to a conversation that is in it. */
  async openConversation(peer: string): Promise<void> {
    await this.screen.tap(`conversation-${directConversation(this.user, peer)}`);
  }

  /** How many messages of somebody the list says are unread. */
  async unread(peer: string): Promise<string[]> {
    return this.#texts(`unread-${directConversation(this.user, peer)}`);
  }

  async write(text: string): Promise<void> {
    await this.screen.fill('composer', text);
    await this.screen.tap('send');
  }

  /** The messages of the conversation, from top to bottom. */
  async messages(): Promise<Bubble[]> {
    const [bubbles, bodies] = await Promise.all([
      this.screen.find('message'),
      this.screen.find('message-body'),
    ]);
    return bubbles.map(({ data: { sender = '', status } }, index) => ({
      sender,
      text: bodies[index]?.text ?? '',
      ...(status ? { status } : {}),
    }));
  }

  async texts(): Promise<string[]> {
    return (await this.messages()).map(({ text }) => text);
  }

  /** How many announcements the list of conversations says were not opened. */
  async unopened(): Promise<string[]> {
    return this.#texts('broadcasts-badge');
  }

  /** The titles of the announcements that are listed. */
  async announcements(): Promise<string[]> {
    return this.#texts('broadcast-title');
  }

  async #texts(name: string): Promise<string[]> {
    return (await this.screen.find(name)).map(({ text }) => text);
  }

  async #data(name: string, attribute: string): Promise<(string | undefined)[]> {
    return (await this.screen.find(name)).map(({ data }) => data[attribute]);
  }
}
