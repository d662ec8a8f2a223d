/** What the tests of this folder have in common: the packed package, a relay, a browser. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished } from 'vitest';

import { launchBrowser } from '../support/browser.ts';
import { Relay } from '../support/relay.ts';
import { serveFolder } from '../support/static-server.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { pack, Project, type Packed } from './project.ts';

/** To be made at the top of a file of tests. */
export class Workshop {
  packed!: Packed;
  relay!: Relay;
  #browser: Browser | undefined;

  constructor() {
    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'seqline-pack-'));
      this.packed = await pack(folder);
      return () => rm(folder, { recursive: true, force: true });
    });
    beforeAll(async () => {
      this.relay = await Relay.start();
      return async () => {
        await this.#browser?.close();
        await this.relay.dispose();
      };
    });
  }

  /** A project with the files of some fixtures that lasts as long as the test. */
  async project(...fixtures: string[]): Promise<Project> {
    const project = await Project.create(this.packed.path, ...fixtures);
    onTestFinished(() => project.remove());
    return project;
  }

  token(user: string): Promise<string> {
    return devToken(this.relay.url, user);
  }

  /**
   * Writes to a user first, and waits until the relay has stored the answer.
   * @param connected when to write. Default: at once, and the user takes it on coming.
   */
  async exchange(user: string, connected?: Promise<unknown>): Promise<void> {
    // A device for each, as several exchanges may go on at a time.
    const device = `to-${user}`;
    const wire = await Wire.connect(this.relay.url, await this.token('wire'), device);
    await connected;
    await wire.sendText(user, 'hello', `to-${user}`);
    await expect
      .poll(() => wire.history(directConversation('wire', user)))
      .toEqual([
        { sender: 'wire', text: 'hello' },
        { sender: user, text: 'hello, too' },
      ]);
    wire.drop();
  }

  /** Opens a page of the app in `fixtures/common`, for a user. */
  async openPage(url: string, user: string): Promise<{ page: Page; complaints: string[] }> {
    this.#browser ??= await launchBrowser();
    const page = await this.#browser.newPage();
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const query = new URLSearchParams({ relay: this.relay.url, token: await this.token(user) });
    await page.goto(`${url}?${query.toString()}`);
    return { page, complaints };
  }

  /** Opens such a page, and has a conversation with it. */
  async checkPage(url: string, user: string): Promise<void> {
    const { page, complaints } = await this.openPage(url, user);
    const output = page.locator('output');
    await this.exchange(user, output.getByText(`connected as ${user}`).waitFor());
    await output.getByText('answered').waitFor();
    expect(await output.innerText()).toBe(`connected as ${user}\nwire says hello\nanswered\n`);
    expect(complaints.filter((text) => !text.startsWith('[vite]'))).toEqual([]);
  }
}

/** Serves a folder for as long as the test. @returns its URL */
export async function serve(folder: string, headers: Record<string, string> = {}): Promise<string> {
  const server = await serveFolder(folder, headers);
  onTestFinished(() => {
    server.stop();
  });
  return server.url;
}
