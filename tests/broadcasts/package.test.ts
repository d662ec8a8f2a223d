/**
 * The public mailbox through the package: what operators do over the API, users' devices learn,
 * also those that were away.
 */
import { createClient, memoryStorage, type Client, type Events } from 'seqline/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Relay } from '../support/relay.ts';
import { secondsFromNow, signToken } from '../support/tokens.ts';
import { Operator } from './operator.ts';

const app = 'shop';
const secret = 'a secret of at least thirty-two bytes';
/** Devices look by themselves several times a second. */
const args = ['--broadcast-poll-ms', '50', '--broadcast-refresh-ms', '1000'];

let relay: Relay;
let operator: Operator;
const open: { dispose(): Promise<void> }[] = [];

beforeEach(async () => {
  relay = await Relay.start({ apps: { [app]: secret }, args });
  open.push(relay);
  operator = Operator.of(relay, app, secret);
});

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.dispose();
});

type Storage = ReturnType<typeof memoryStorage>;

interface Device {
  client: Client;
  storage: Storage;
  changes: Events['broadcast'][];
  /** Waits for the change of one, by its title where it has one. */
  told(...expected: string[]): Promise<void>;
  list(): Promise<string[]>;
}

interface Who {
  sub?: string;
  appVersion?: string;
  storage?: Storage;
  segments?: string[];
}

async function connect({ sub = 'alice', storage = memoryStorage(), ...who }: Who = {}) {
  const { appVersion, segments } = who;
  const claims = { app, sub, scope: 'user', exp: secondsFromNow(3_600), segments };
  const client = createClient(relay.url, {
    token: signToken(claims, secret),
    storage,
    backoffBaseMs: 20,
    ...(appVersion === undefined ? {} : { appVersion }),
  });
  open.push(client);
  const changes: Events['broadcast'][] = [];
  client.on('broadcast', (event) => {
    changes.push(event);
  });
  client.on('message', () => undefined);
  await client.connect();
  const device: Device = {
    client,
    storage,
    changes,
    told: async (...expected) => {
      const seen = () =>
        changes.map(({ change, broadcast }) => `${change} ${broadcast?.title ?? ''}`.trim());
      await expect.poll(seen).toEqual(expected);
    },
    list: async () => (await client.broadcasts()).map(({ title }) => title),
  };
  return device;
}

test('what is published, changed, stopped and recalled reaches a device', async () => {
  const device = await connect();
  const sale = await operator.publish('Sale');
  await device.told('new Sale');
  expect(device.changes[0]?.broadcast).toMatchObject({
    body: 'About Sale',
    kind: 'text',
    version: 1,
    everyDevice: false,
  });

  const content = { title: 'Bigger sale', body: 'Everything' };
  const edited = await operator.step('edit', sale, { content });
  await device.told('new Sale', 'changed Bigger sale');
  const stopped = await operator.step('stop', edited);
  await operator.publish('News');
  // Who has it keeps it; who comes now does not get it.
  await device.told('new Sale', 'changed Bigger sale', 'new News');
  expect(await device.list()).toEqual(['News', 'Bigger sale']);
  const late = await connect({ sub: 'bob' });
  await late.told('new News');

  await operator.step('recall', stopped);
  await device.told('new Sale', 'changed Bigger sale', 'new News', 'withdrawn');
  expect(await device.list()).toEqual(['News']);
});

test('one that is recalled while a device is offline vanishes from it', async () => {
  const before = await connect();
  const sale = await operator.publish('Sale');
  await operator.publish('News');
  await before.told('new Sale', 'new News');
  await before.client.dispose();

  await operator.step('recall', sale);
  const after = await connect({ storage: before.storage });
  await after.told('withdrawn');
  expect(await after.list()).toEqual(['News']);
});

test('of two devices of a user one shows it as new; opened on one is opened on both', async () => {
  const [one, other, bob] = [await connect(), await connect(), await connect({ sub: 'bob' })];
  await operator.publish('Sale');
  await bob.told('new Sale');
  await expect.poll(() => one.changes.length > 0 && other.changes.length > 0).toBe(true);
  const first = [one, other].map(({ changes }) => changes[0]?.change);
  expect(first.sort()).toEqual(['new', 'seen']);

  // A device that comes later lists it.
  const late = await connect();
  await late.told('seen Sale');

  const [sale] = await one.client.broadcasts();
  await one.client.opened(sale?.id ?? 0);
  for (const { client } of [other, late]) {
    await expect.poll(async () => (await client.broadcasts())[0]?.opened).toBe(true);
  }
  expect(await bob.client.broadcasts()).toMatchObject([{ opened: false }]);
});

test('one for every device is new on each', async () => {
  await operator.publish('Update now', { every_device: true });
  for (const device of [await connect(), await connect()]) await device.told('new Update now');
});

test('what was opened offline is told to the other devices later', async () => {
  const { client, storage } = await connect();
  const other = await connect();
  await operator.publish('Sale');
  await expect.poll(() => other.list()).toEqual(['Sale']);
  await expect.poll(async () => (await client.broadcasts()).length).toBe(1);
  await client.dispose();

  const offline = createClient('http://127.0.0.1:1', {
    token: '',
    account: `${app}/alice`,
    storage,
  });
  const [sale] = await offline.broadcasts();
  expect(sale?.title).toBe('Sale');
  await offline.opened(sale?.id ?? 0);
  await offline.dispose();

  await connect({ storage });
  await expect.poll(async () => (await other.client.broadcasts())[0]?.opened).toBe(true);
});

test('a user who upgrades sees what she could not see before, and loses what is not for her', async () => {
  await operator.publish('For old ones', { audience: { app_version_max: '1' } });
  await operator.publish('For new ones', { audience: { app_version_min: '2.0' } });
  const old = await connect({ appVersion: '1.9.3' });
  await old.told('new For old ones');
  await old.client.dispose();
  const upgraded = await connect({ appVersion: '2.0', storage: old.storage });
  await upgraded.told('withdrawn', 'new For new ones');
  expect(await upgraded.list()).toEqual(['For new ones']);
});

test('a restart of the relay neither loses nor repeats anything', async () => {
  const device = await connect();
  await operator.publish('Sale');
  await device.told('new Sale');
  await device.client.dispose();
  await relay.kill();
  await relay.start();
  const again = await connect({ storage: device.storage });
  await operator.publish('News');
  await again.told('new News');
  expect(await again.list()).toEqual(['News', 'Sale']);
});
