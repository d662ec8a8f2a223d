/**
 * The uni-app sample as mini-programs: built by uni-app's tools, in the sandboxes of WeChat and
 * Alipay, against a real relay.
 */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { DrawnProgram } from '../mini-program/views/drawn-program.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Relay } from '../support/relay.ts';
import { builtFor } from './built.ts';
import { MiniProgramScreen } from './mini-program-screen.ts';
import { SampleApp } from './sample-app.ts';
import { describeSample, relayArgs, type Phone } from './scenarios.ts';

let relay: Relay;

beforeEach(async () => {
  relay = await Relay.start({ args: relayArgs });
  return () => relay.dispose();
});

type MiniProgramPhone = Phone & { screen: MiniProgramScreen };

/** A phone with the app on it, whose user has not logged in yet. */
async function phoneWith(
  host: 'wx' | 'my',
  user: string,
  wasm?: 'none',
): Promise<MiniProgramPhone> {
  const folder = builtFor(host === 'wx' ? 'mp-weixin' : 'mp-alipay');
  const network = await FaultProxy.start(() => relay.port);
  const screen = new MiniProgramScreen(
    DrawnProgram.start({ host, folder, ...(wasm ? { wasm } : {}) }),
  );
  onTestFinished(async () => {
    screen.program.stop();
    network.heal();
    await network.stop();
  });
  const app = new SampleApp(user, screen, 'zh');
  const restart = async (peer: string) => {
    screen.program = screen.program.restart();
    await app.writeTo(peer);
  };
  return { app, screen, network, restart };
}

describe.each(['wx', 'my'] as const)('with `%s`', (host) => {
  const newPhone = async (user: string): Promise<MiniProgramPhone> => {
    const phone = await phoneWith(host, user);
    await phone.app.logIn(phone.network.url);
    return phone;
  };

  describeSample(newPhone, () => relay);

  test.for([{ told: true }, { told: false }])(
    'comes back from the background with what came meanwhile: %o',
    async ({ told }) => {
      const [{ app: alice, screen }, { app: bob }] = await Promise.all([
        newPhone('alice'),
        newPhone('bob'),
      ]);
      await alice.writeTo('bob');
      await bob.writeTo('alice');
      await bob.write('one');
      await expect.poll(() => alice.texts()).toEqual(['one']);
      await expect.poll(() => bob.messages()).toMatchObject([{ status: 'read' }]);

      screen.program.hide();
      screen.program.suspend(told);
      await bob.write('two');
      await expect
        .poll(async () => (await bob.messages()).map(({ status }) => status))
        .toEqual(['read', 'sent']);
      screen.program.show();
      await expect.poll(() => alice.texts()).toEqual(['one', 'two']);
      await expect
        .poll(async () => (await bob.messages()).map(({ status }) => status))
        .toEqual(['read', 'read']);
      expect(screen.uncaught).toEqual([]);
    },
  );
});

test('WeChat gets its WebAssembly from the package, where the client looks for it', async () => {
  const { app, screen, network } = await phoneWith('wx', 'alice');
  const { realm } = screen.program.program;
  const real = realm.run('WXWebAssembly') as { instantiate(path: string): Promise<unknown> };
  const loaded: string[] = [];
  const instantiate = async (path: string, ...rest: []) => {
    const result = await real.instantiate(path, ...rest);
    loaded.push(path);
    return result;
  };
  realm.define({ WXWebAssembly: { ...real, instantiate } });
  await app.logIn(network.url);
  expect(loaded).toEqual(['/miniprogram_npm/seqline/seqline.wasm']);
});

test('an old WeChat without WebAssembly does without', async () => {
  const { app, network } = await phoneWith('wx', 'alice', 'none');
  await app.logIn(network.url);
  await app.writeTo('bob');
  await app.write('one');
  await expect.poll(() => app.messages()).toMatchObject([{ text: 'one', status: 'sent' }]);
});
