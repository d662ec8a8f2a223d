/**
 * The disk of a relay on SQLite is full: what is written waits, what is read is served, and when
 * there is room again everything goes on by itself.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { Ledger } from '../support/ledger.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { readiness, refusalOf, untilLogged, untilReady } from './readiness.ts';
import { canMount } from '../support/mounts.ts';
import { limited, mounted } from './small-disk.ts';
import { User } from './user.ts';

const body_bytes = 16 * 1024;
const before = 5;
const meanwhile = 40;

const open: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.dispose();
});

const disks = { 'a file system without room': mounted, 'files that may not grow': limited };

describe.each(Object.entries(disks))('%s', (_, make) => {
  const isPossible = make === limited ? process.platform === 'linux' : canMount;
  test.runIf(isPossible)(
    'sends wait, reads go on, and all is well once there is room',
    async () => {
      const disk = await make();
      open.push(disk);
      const { relay } = disk;
      const ledger = new Ledger();
      const text = (n: number): string => `${n} ${'x'.repeat(body_bytes)}`;
      const [alice, bob] = await Promise.all([
        User.connect(relay, 'alice'),
        User.connect(relay, 'bob'),
      ]);
      open.push(alice, bob);
      const write = (n: number): void => {
        ledger.add('alice', text(n));
        alice.write('bob', text(n));
      };

      for (let n = 0; n < before; n++) write(n);
      await alice.until(() => alice.sent === before);
      const { pid } = relay;
      await disk.fill();
      for (let n = before; n < before + meanwhile; n++) write(n);
      await untilLogged(relay, /commits fail.*advice/);

      expect(alice.sent).toBeLessThan(before + meanwhile);
      const refusal = await refusalOf(relay, 'carol', 'dave');
      expect(refusal).toMatchObject({ code: 'storage_unavailable', retryable: true });
      expect(refusal.message).toMatch(/nothing of this was stored; try again/);
      expect(await readiness(relay)).toMatchObject({ status: 503, code: 'storage_unavailable' });
      expect((await fetch(`${relay.url}/healthz`)).status).toBe(200);

      // Who only reads is served, also one who comes anew.
      const reader = await Wire.connect(relay.url, await devToken(relay.url, 'bob'), 'reader');
      const stored = await reader.history(directConversation('alice', 'bob'));
      expect(stored.length).toBeGreaterThanOrEqual(alice.sent);
      expect(stored.map((message) => message.text)).toEqual(stored.map((_, n) => text(n)));
      expect(await reader.ping()).toEqual({ errors: [] });
      const { conversations } = await bob.client.conversations({ limit: 10 });
      expect(conversations).toHaveLength(1);

      await disk.free();
      await untilReady(relay);
      await alice.until(() => alice.sent === before + meanwhile);
      await bob.until(() => bob.shown.length === before + meanwhile);
      const all = await reader.history(directConversation('alice', 'bob'));
      reader.drop();
      ledger.check({ stored: all, 'shown to bob': bob.shown, 'shown to alice': alice.shown });
      expect([alice.failed, bob.errors]).toEqual([[], []]);
      expect(relay.pid).toBe(pid);
      await untilLogged(relay, /storage takes commits again/);
      expect(relay.log).not.toMatch(/panicked/);
    },
  );
});
