/** A relay with a console and the chat pages of users, whose devices look for news often. */
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';

import type { ChatPage } from '../browser/chat-page.ts';
import { World, type Device } from '../browser/world.ts';
import { devToken } from '../support/tokens.ts';
import { ConsolePage } from './console-page.ts';

/** Polls and looks are quick, so that tests are. */
const args = ['--broadcast-poll-ms', '50', '--broadcast-reach-flush-ms', '100'];
const looking = ['--broadcast-refresh-ms', '300'];

export class MailboxWorld {
  readonly world: World;
  #markers = 0;

  /** @param isLooking whether devices look by themselves; else they have to be told */
  static async create(browser: Browser, isLooking = true): Promise<MailboxWorld> {
    const all = [...args, '--broadcast-attributes', 'name'];
    const timing = isLooking ? looking : ['--broadcast-refresh-ms', '0'];
    return new MailboxWorld(await World.create(browser, { args: [...all, ...timing] }));
  }

  private constructor(world: World) {
    this.world = world;
  }

  /** An operator's browser with the console open. */
  async operator(name: string): Promise<ConsolePage> {
    const { context, network } = await this.world.device();
    return new ConsolePage(await context.newPage(), network.url, name).open();
  }

  /** A user's page, with the list of announcements in view. */
  async user(name: string, device?: Device): Promise<ChatPage> {
    const peer = name === 'alice' ? 'bob' : 'alice';
    const page = await this.world.open(device ?? (await this.world.device()), name, peer);
    await this.world.connected(page);
    // The way to the list is there once there is something in it.
    await this.publishMarker();
    await page.page.getByTestId('announcements-toggle').click();
    await page.page.getByTestId('announcements').waitFor();
    return page;
  }

  /** Publishes something for everyone, without the console, and tells them. @returns its title */
  async publishMarker(): Promise<string> {
    this.#markers += 1;
    const title = `Marker ${this.#markers}`;
    const content = { title, body: 'for everyone' };
    const { id, revision } = await this.#call('create', { content });
    await this.#call('publish', { id, revision, wave: { window_ms: 1_000 } });
    return title;
  }

  /** Waits until a page shows what was published after all that it is compared for. */
  async caughtUp(...pages: ChatPage[]): Promise<void> {
    const marker = await this.publishMarker();
    for (const page of pages) await expect.poll(() => titles(page)).toContain(marker);
  }

  async #call(method: string, params: object): Promise<{ id: number; revision: number }> {
    const token = await devToken(this.world.relay.url, 'marker', { scope: 'operator' });
    const response = await fetch(`${this.world.relay.url}/v1/broadcasts/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(params),
    });
    if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
    return (await response.json()) as { id: number; revision: number };
  }
}

/** The titles that a user's page lists. */
export async function titles(page: ChatPage): Promise<string[]> {
  return page.page.locator('[data-testid=announcements] .row .title').allTextContents();
}

/** Without what only tells that a page is up to date. */
export const titlesButMarkers = async (page: ChatPage): Promise<string[]> =>
  (await titles(page)).filter((title) => !title.startsWith('Marker'));
