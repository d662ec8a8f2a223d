/** The chat page, as its user sees it. */
import { decode } from 'cborg';
import type { CDPSession, Locator, Page } from 'playwright-core';

import type { Seen } from '../support/ledger.ts';
import { directConversation } from '../support/wire.ts';

/** A message as the page shows it. */
export interface Bubble extends Seen {
  /** How far an own message got. */
  status?: string;
}

export interface Hello {
  device: string;
  token: string;
}

export class ChatPage {
  readonly user: string;
  /** Tells apart what a user writes on several pages. */
  readonly device: string;
  readonly page: Page;
  /** What the page wrote to its console, and what it did not catch. */
  readonly console: string[] = [];
  /** What only a fault of the page itself can cause. */
  readonly uncaught: string[] = [];
  /** WebSocket connections that the page ever opened. */
  sockets = 0;
  /** Of those, the ones that are still open. */
  openSockets = 0;
  /** What the page said first on its last connection. */
  hello: Hello | undefined;
  readonly #url: string;
  readonly #peer: string;
  /** Holds the page while it is frozen. */
  #frozen: CDPSession | undefined;

  constructor(page: Page, url: string, who: { user: string; peer: string; device: string }) {
    this.page = page;
    this.user = who.user;
    this.device = who.device;
    this.#url = url;
    this.#peer = who.peer;
    page.on('console', (message) => {
      this.console.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => {
      this.uncaught.push(error.stack ?? error.message);
    });
    page.on('websocket', (socket) => {
      this.sockets += 1;
      this.openSockets += 1;
      socket.once('close', () => {
        this.openSockets -= 1;
      });
      socket.once('framesent', ({ payload }) => {
        this.hello = (decode(payload as Buffer) as { hello: Hello }).hello;
      });
    });
  }

  /** Loads the page, logged in and with the conversation in view. */
  async open(): Promise<void> {
    const conv = directConversation(this.user, this.#peer);
    await this.page.goto(`${this.#url}/?user=${this.user}#${conv}`);
    await this.composer.waitFor();
  }

  get composer(): Locator {
    return this.page.getByTestId('composer');
  }

  get connection(): Locator {
    return this.page.getByTestId('connection-state');
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The messages in view and above and below it, from top to bottom. */
  async shown(): Promise<Bubble[]> {
    return this.page.getByTestId('message').evaluateAll((elements) =>
      elements.map((element) => {
        const { sender = '', status } = (element as HTMLElement).dataset;
        const body = element.querySelector('[data-testid=message-body]');
        return { sender, text: body?.textContent ?? '', ...(status ? { status } : {}) };
      }),
    );
  }

  /** States of own messages. */
  async ownStates(): Promise<string[]> {
    const own = (await this.shown()).filter(({ sender }) => sender === this.user);
    return own.map(({ status }) => status ?? 'none');
  }

  /** States of own messages that are not in this one. */
  async statesOtherThan(state: string): Promise<string[]> {
    return (await this.ownStates()).filter((each) => each !== state);
  }

  /** In a line, what a failure may be explained by. */
  async facts(): Promise<string> {
    const belowView_px = await this.page
      .getByTestId('messages')
      .evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
    const facts = {
      connection: await this.connectionState(),
      sockets: this.sockets,
      visible: await this.page.evaluate(() => document.visibilityState),
      belowView_px,
      ownStates: (await this.ownStates()).join(' '),
      console: this.console.slice(-5),
    };
    return `${this.device}: ${JSON.stringify(facts)}`;
  }

  /** `connected`, `connecting` or `disconnected`. */
  async connectionState(): Promise<string | null> {
    return this.connection.getAttribute('data-state');
  }

  /**
   * Stops everything that runs in the page, as browsers do to save power: the page is told, then
   * nothing of it runs. Chromium's own command does nothing to a page that is visible, so the
   * debugger stops it.
   */
  async freeze(): Promise<void> {
    await this.page.evaluate(() => document.dispatchEvent(new Event('freeze')));
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('Debugger.enable');
    const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
    await session.send('Debugger.pause');
    // It stops at the next line that it is to run.
    this.page.evaluate(() => 0).catch(() => undefined);
    await paused;
    this.#frozen = session;
  }

  async resume(): Promise<void> {
    await this.#frozen?.send('Debugger.resume');
    await this.#frozen?.detach();
    this.#frozen = undefined;
    await this.page.evaluate(() => document.dispatchEvent(new Event('resume')));
  }
}
