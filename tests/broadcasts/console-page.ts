/** The operators' console, as an operator uses it. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export interface Text {
  title: string;
  body: string;
}

export class ConsolePage {
  readonly page: Page;
  readonly operator: string;
  /** What the page wrote to its console, and what it did not catch. */
  readonly console: string[] = [];
  readonly #url: string;

  constructor(page: Page, url: string, operator: string) {
    this.page = page;
    this.operator = operator;
    this.#url = url;
    page.on('console', (message) => {
      this.console.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => {
      this.console.push(error.stack ?? error.message);
    });
  }

  /** Logs in by a click, as development mode allows. */
  async open(): Promise<this> {
    await this.page.goto(`${this.#url}/console`);
    await this.at('login-user').fill(this.operator);
    await this.at('login-submit').click();
    await this.at('operator').waitFor();
    return this;
  }

  at(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  async goTo(hash: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = to;
    }, hash);
  }

  async allow(...users: string[]): Promise<void> {
    await this.goTo('#/allow-list');
    await this.at('allow-list-text').fill(users.join('\n'));
    await this.at('allow-list-add').click();
    for (const user of users) await this.at(`allow-list-remove-${user}`).waitFor();
  }

  async fill({ title, body }: Partial<Text>): Promise<void> {
    if (title !== undefined) await this.at('form-title').fill(title);
    if (body !== undefined) await this.at('form-body').fill(body);
  }

  /** @returns the id of the new draft, whose page is open then */
  async write(text: Text): Promise<number> {
    await this.goTo('#/new');
    await this.fill(text);
    await this.at('save').click();
    await this.page.waitForURL(/#\/broadcasts\/\d+$/);
    await this.state('draft');
    return Number(/\d+$/.exec(this.page.url())?.[0]);
  }

  async edit(text: Partial<Text>): Promise<void> {
    await this.at('edit').click();
    await this.fill(text);
    await this.at('save').click();
    await this.at('state').waitFor();
  }

  async stageForAllowList(): Promise<void> {
    await this.at('stage').click();
    await this.state('staged');
  }

  async publish(): Promise<void> {
    await this.at('publish').click();
    await this.at('publish-agree').check();
    await this.at('publish-confirm').click();
    await this.state('published');
  }

  /** Stops, recalls or deletes, and says yes when asked. */
  async end(action: 'stop' | 'recall' | 'delete'): Promise<void> {
    await this.at(action).click();
    await this.at('confirm-action').click();
  }

  async state(state: string): Promise<void> {
    await expect.poll(() => this.at('state').getAttribute('data-state')).toBe(state);
  }

  /** What the page offers to do. */
  async offered(): Promise<string[]> {
    const actions = ['edit', 'stage', 'publish', 'wave', 'stop', 'recall', 'delete'];
    const counts = await Promise.all(actions.map((action) => this.at(action).count()));
    return actions.filter((_, i) => counts[i] !== 0);
  }

  /** What was done, newest first. */
  async history(): Promise<(string | null)[]> {
    const lines = this.at('history-line');
    return lines.evaluateAll((all) => all.map((line) => line.getAttribute('data-action')));
  }
}
