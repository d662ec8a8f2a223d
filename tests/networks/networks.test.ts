/** Networks that let no WebSocket through, or not always, and break off what they like. */
import { expect, test } from 'vitest';

import { seeded } from '../support/random.ts';
import { World } from './world.ts';

const texts = (who: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `${who} ${from + n}`);

test('where upgrades are refused, messages go over HTTP, and over a socket once they may', async () => {
  const world = await World.create('refuse');
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  expect([alice.transport, bob.transport]).toEqual(['polling', 'polling']);
  expect(alice.client.stats().transport).toBe('polling');
  world.write(alice, bob, texts('alice', 50));
  world.write(bob, alice, texts('bob', 50));
  await world.settled(alice, bob);

  // A connection that is lost comes back at once: what this network bears is known.
  const asked = world.gateway.upgradesAsked;
  const again = alice.client.stats().connects + 1;
  alice.client.disconnect();
  await alice.client.connect();
  expect(alice.client.stats().connects).toBe(again);
  expect([alice.transport, world.gateway.upgradesAsked]).toEqual(['polling', asked]);

  world.gateway.upgrades = 'pass';
  const answered = alice.client.history('dm:alice:bob');
  alice.changeNetwork();
  world.write(alice, bob, texts('alice', 50, 50));
  await alice.connectedBy('socket');
  expect((await answered).messages.length).toBeGreaterThan(0);
  expect(bob.transport).toBe('polling');
  world.write(bob, alice, texts('bob', 50, 50));
  await world.settled(alice, bob);
});

test('where WebSockets open and carry nothing, too', async () => {
  const world = await World.create('swallow');
  const options = { connectTimeoutMs: 3_000 };
  const [alice, bob] = await Promise.all([
    world.join('alice', options),
    world.join('bob', options),
  ]);
  expect([alice.transport, bob.transport]).toEqual(['polling', 'polling']);
  world.write(alice, bob, texts('alice', 10));
  // A socket that opens is not believed.
  const asked = world.gateway.upgradesAsked;
  alice.changeNetwork();
  await expect.poll(() => world.gateway.upgradesAsked).toBe(asked + 1);
  world.write(bob, alice, texts('bob', 10));
  await world.settled(alice, bob);
  expect(alice.client.stats().connects).toBe(1);
});

test('where sockets work again only for a while, back and forth', async () => {
  const world = await World.create('pass');
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  let count = 0;
  for (const upgrades of ['refuse', 'pass', 'refuse'] as const) {
    world.gateway.upgrades = upgrades;
    world.gateway.cutUpgraded();
    for (const each of [alice, bob]) each.changeNetwork();
    world.write(alice, bob, texts('alice', 20, count));
    world.write(bob, alice, texts('bob', 20, count));
    count += 20;
    const transport = upgrades === 'pass' ? 'socket' : 'polling';
    await Promise.all([alice.connectedBy(transport), bob.connectedBy(transport)]);
  }
  await world.settled(alice, bob);
});

test('answers and requests that break off under load lose, double and disorder nothing', async () => {
  const random = seeded('cuts of polls');
  const world = await World.create('refuse');
  const options = { transport: 'polling', connectTimeoutMs: 5_000 } as const;
  const alice = await world.join('alice', options);
  const bob = await world.join('bob', options);
  for (let round = 0; round < 25; round += 1) {
    const cut = world.network.cutAfter(random.pick(['up', 'down']), random.below(8_000));
    world.write(alice, bob, texts('alice', 20, 20 * round));
    world.write(bob, alice, texts('bob', 20, 20 * round));
    await cut;
  }
  world.network.heal();
  await world.settled(alice, bob);
});

test('a relay that is killed is found again, over HTTP as well', async () => {
  const world = await World.create('refuse');
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  world.write(alice, bob, texts('alice', 20));
  await world.relay.kill();
  world.write(bob, alice, texts('bob', 20));
  await world.relay.start();
  await Promise.all([alice.connectedBy('polling'), bob.connectedBy('polling')]);
  await world.settled(alice, bob);
});
