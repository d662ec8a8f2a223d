import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { TOKEN } from '../support/client.ts';
import { exampleOf, runnable, writeModules } from '../support/examples.ts';
import { FakeRelay } from '../support/fake-relay.ts';

test('the bot of the guide for Node: answers once, ends in peace, and goes on where it was', async () => {
  const relay = await FakeRelay.start();
  const code = await runnable(await exampleOf('docs/hosts/node.md', 'bot.ts'), relay.url);
  const folder = await writeModules({ 'bot.js': code });
  const start = () => {
    const env = { ...process.env, RELAY: relay.url, TOKEN };
    const bot = spawn(process.execPath, ['bot.js'], { cwd: folder, env, stdio: 'inherit' });
    onTestFinished(() => void bot.kill('SIGKILL'));
    return bot;
  };
  const end = async (bot: ReturnType<typeof start>) => {
    bot.kill('SIGTERM');
    const [exitCode] = (await once(bot, 'exit')) as [number | null];
    expect(exitCode).toBe(0);
  };

  const first = start();
  await relay.nth('hello', 1);
  await relay.nth('pull', 1);
  relay.sendMessages(1);
  expect(await relay.nth('send', 1)).toMatchObject({
    body: 'You said: text 1',
    client_msg_id: 're-bob-from-bob-1',
  });
  await expect.poll(() => relay.all('ack').at(-1)?.['cursor']).toBe(2);
  await end(first);
  expect(await readdir(join(folder, 'bot-data'))).toEqual(['demo%2Falice.json']);

  const second = start();
  expect(await relay.nth('hello', 2)).toMatchObject({ resume: { cursor: 2 } });
  await end(second);
  expect(relay.all('send')).toHaveLength(1);
});
