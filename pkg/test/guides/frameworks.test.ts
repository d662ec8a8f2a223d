// @vitest-environment happy-dom
import { join } from 'node:path';

import { beforeEach, expect, test, vi } from 'vitest';

import { TOKEN, until } from '../support/client.ts';
import { compileVue, exampleOf, runnable, writeModules } from '../support/examples.ts';
import { FakeRelay } from '../support/fake-relay.ts';
import { messageEntry } from '../support/wire.ts';

beforeEach(() => {
  document.body.innerHTML = '<div id="app"></div>';
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(TOKEN)));
});

/** Runs the files of a guide as a bundler would. */
async function start(guide: string, relay: FakeRelay, names: string[]): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of names) {
    const code = await exampleOf(guide, name);
    const script = await runnable(name.endsWith('.vue') ? compileVue(code) : code, relay.url);
    files[`${name}.js`] = script
      .replace(/(from "\.\/\w+\.vue)"/g, '$1.js"')
      .replace(/(from "\.\/\w+)"/g, '$1.tsx.js"');
  }
  const folder = await writeModules(files);
  await import(join(folder, `${names[0] ?? ''}.js`));
}

const text = () => document.querySelector('#app')?.textContent.replace(/\s+/g, ' ') ?? '';

/** As a user types: React looks at the value that the element itself has. */
function type(value: string): void {
  const input = document.querySelector('input');
  if (!input) throw new Error('there is no input');
  Reflect.set(HTMLInputElement.prototype, 'value', value, input);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

test.each([
  ['docs/vue.md', ['main.ts', 'App.vue', 'Conversation.vue']],
  ['docs/react.md', ['main.tsx', 'App.tsx', 'Conversation.tsx']],
])('the chat of %s: lists, opens, reads, types and sends', async (guide, names) => {
  const relay = await FakeRelay.start();
  relay.add(messageEntry(1));
  await start(guide, relay, names);
  await until(() => text().includes('connected, 1 unread'));
  const row = [...document.querySelectorAll('li button')].find((one) =>
    one.textContent.includes('bob'),
  );
  (row as HTMLElement).click();
  await until(() => text().includes('bob: text 1'));
  // What is shown is read.
  expect(await relay.nth('read', 1)).toMatchObject({ conv: 'dm:alice:bob', conv_seq: 1 });
  await until(() => text().includes('connected, 0 unread'));

  type('Hello from the guide');
  expect(await relay.nth('ephemeral', 1)).toMatchObject({ kind: 'typing' });
  document
    .querySelector('form')
    ?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  expect(await relay.nth('send', 1)).toMatchObject({ body: 'Hello from the guide' });
  await until(() => text().includes('alice: Hello from the guide sent'));
  expect(document.querySelectorAll('ol li')).toHaveLength(2);
});
