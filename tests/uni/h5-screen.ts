/** The sample as a web page, in Chromium. */
import type { Locator, Page } from 'playwright-core';

import type { Screen, Seen } from './screen.ts';

export class H5Screen implements Screen {
  readonly page: Page;
  readonly uncaught: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => {
      this.uncaught.push(error.stack ?? error.message);
    });
  }

  async find(name: string): Promise<Seen[]> {
    return this.#inFront(name).evaluateAll((elements) =>
      elements.map((element) => ({
        text: element.textContent,
        data: Object.fromEntries(
          Array.from(element.attributes, ({ name, value }) => [name.replace(/^data-/, ''), value]),
        ),
      })),
    );
  }

  async tap(name: string): Promise<void> {
    await this.#inFront(name).click();
  }

  async choose(name: string, text: string, choice: string): Promise<void> {
    await this.#inFront(name).filter({ hasText: text }).click();
    await this.page.locator('.uni-actionsheet__cell', { hasText: choice }).click();
  }

  async fill(name: string, text: string): Promise<void> {
    await this.#inFront(name).locator('input').fill(text);
  }

  async back(): Promise<void> {
    await this.page.goBack();
  }

  #inFront(name: string): Locator {
    // The pages before it are still in the document, but not drawn.
    return this.page.locator('uni-page').filter({ visible: true }).getByTestId(name);
  }
}
