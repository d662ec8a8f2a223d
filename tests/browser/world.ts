/** A relay and the pages of its users, each behind a network of its own, for one test. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Browser, BrowserContext } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

import { FaultProxy } from '../support/fault-proxy.ts';
import { Ledger, type Views } from '../support/ledger.ts';
import { Relay, type RelayOptions } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { ChatPage } from './chat-page.ts';

const results = fileURLToPath(new URL('../results', import.meta.url));

/** Somebody's browser: what is kept in it, and its way to the relay. */
export interface Device {
  context: BrowserContext;
  network: FaultProxy;
}

export class World {
  readonly relay: Relay;
  readonly ledger = new Ledger();
  readonly #browser: Browser;
  readonly #devices: Device[] = [];
  readonly #pages: ChatPage[] = [];
  readonly #counts = new Map<string, number>();

  static async create(browser: Browser, options: RelayOptions = {}): Promise<World> {
    const world = new World(browser, await Relay.start(options));
    // One hook, as what failed can be saved only while the pages are open.
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') await world.#save(task.name);
      await world.#dispose();
    });
    return world;
  }

  private constructor(browser: Browser, relay: Relay) {
    this.#browser = browser;
    this.relay = relay;
  }

  async device(): Promise<Device> {
    const network = await FaultProxy.start(() => this.relay.port);
    const device = { context: await this.#browser.newContext(), network };
    this.#devices.push(device);
    return device;
  }

  /** A new page in a browser, with the conversation of `user` and `peer` in view. */
  async open({ context, network }: Device, user: string, peer: string): Promise<ChatPage> {
    const same = this.#pages.filter((page) => page.user === user).length;
    const device = same === 0 ? user : `${user} (${same + 1})`;
    const page = new ChatPage(await context.newPage(), network.url, { user, peer, device });
    this.#pages.push(page);
    await page.open();
    return page;
  }

  /** Two users with the conversation between them in view, and their networks. */
  async twoPages(): Promise<{ alice: ChatPage; bob: ChatPage; ofAlice: Device; ofBob: Device }> {
    return this.twoPagesOn(await this.device(), await this.device());
  }

  async twoPagesOn(ofAlice: Device, ofBob: Device): ReturnType<World['twoPages']> {
    const [alice, bob] = await Promise.all([
      this.open(ofAlice, 'alice', 'bob'),
      this.open(ofBob, 'bob', 'alice'),
    ]);
    await Promise.all([this.connected(alice), this.connected(bob)]);
    return { alice, bob, ofAlice, ofBob };
  }

  async connected(page: ChatPage): Promise<void> {
    await this.state(page, 'connected');
  }

  async state(page: ChatPage, state: 'connected' | 'connecting' | 'disconnected'): Promise<void> {
    await expect.poll(() => page.connectionState(), { message: page.device }).toBe(state);
  }

  /** Writes so many more messages, and notes them. */
  async write(page: ChatPage, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const number = (this.#counts.get(page.device) ?? 0) + 1;
      this.#counts.set(page.device, number);
      const text = `${page.device} ${number}`;
      this.ledger.add(page.user, text, page.device);
      await page.write(text);
    }
  }

  /** Waits until everything that was written is shown on these pages. */
  async shownOn(...pages: ChatPage[]): Promise<void> {
    await Promise.all(
      pages.map((page) =>
        expect
          .poll(async () => this.ledger.problems(`${page.device}'s page`, await page.shown()))
          .toEqual([]),
      ),
    );
  }

  /**
   * Waits until everything that was written has reached and been read by the other, and compares
   * what was sent with what is stored and with what these pages show. They are all open.
   */
  async settled(...pages: ChatPage[]): Promise<void> {
    await this.shownOn(...pages);
    for (const page of pages) await this.#read(page, pages);
    const views: Views = { stored: await this.stored('alice', 'bob') };
    for (const page of pages) views[`${page.device}'s page`] = await page.shown();
    this.ledger.check(views);
    for (const page of pages) expect(page.uncaught).toEqual([]);
  }

  /** Waits until all that a page's user wrote has been read. */
  async #read(page: ChatPage, pages: ChatPage[]): Promise<void> {
    try {
      await expect.poll(() => page.statesOtherThan('read')).toEqual([]);
    } catch (cause) {
      const facts = await Promise.all(pages.map((each) => each.facts()));
      throw new Error(`not all of ${page.device} is read\n${facts.join('\n')}`, { cause });
    }
  }

  /** What the relay has stored of two users' conversation. */
  async stored(user: string, peer: string): ReturnType<Wire['history']> {
    const wire = await Wire.connect(
      this.relay.url,
      await devToken(this.relay.url, user),
      'auditor',
    );
    try {
      return await wire.history(directConversation(user, peer));
    } finally {
      wire.drop();
    }
  }

  async #dispose(): Promise<void> {
    for (const { context, network } of this.#devices) {
      // A page that waits for the network closes only once it is there.
      network.heal();
      await context.close();
      await network.stop();
    }
    await this.relay.dispose();
  }

  async #save(test: string): Promise<void> {
    const folder = join(results, test.replace(/[^\w]+/g, '-'));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'relay.log'), this.relay.log);
    for (const [i, page] of this.#pages.entries()) {
      const name = `page-${i + 1}-${page.user}`;
      const log = [...page.console, ...page.uncaught].join('\n');
      await writeFile(join(folder, `${name}.log`), log);
      // A page that is frozen or closed has no picture.
      await page.page
        .screenshot({ path: join(folder, `${name}.png`), timeout: 5_000 })
        .catch(() => undefined);
    }
    console.log(`What was seen and logged is in ${folder}`);
  }
}
