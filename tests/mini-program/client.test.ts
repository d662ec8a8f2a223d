/** The packed `seqline/mp` in each host's sandbox, against a real relay. */
import { beforeAll, describe, expect, test } from 'vitest';

import type { MiniProgramOptions } from './sandbox/sandbox.ts';
import { World, type MemberOptions } from './world.ts';

type App = Omit<MiniProgramOptions, 'folder'>;

let world: World;

beforeAll(async () => {
  world = await World.create();
  return () => world.dispose();
});

const hosts: [string, App, { host: string; engine: 'wasm' | 'javascript' }][] = [
  ['WeChat', { host: 'wx' }, { host: 'wx', engine: 'wasm' }],
  [
    'WeChat without WebAssembly',
    { host: 'wx', wasm: 'none' },
    { host: 'wx', engine: 'javascript' },
  ],
  ['Alipay', { host: 'my' }, { host: 'my', engine: 'javascript' }],
  ['Alipay, bytes nested', { host: 'my', bytes: 'nested' }, { host: 'my', engine: 'javascript' }],
  ['Alipay, buffers', { host: 'my', bytes: 'buffer' }, { host: 'my', engine: 'javascript' }],
  ['uni-app in WeChat', { host: 'wx', hasUni: true }, { host: 'uni', engine: 'wasm' }],
  ['uni-app in Alipay', { host: 'my', hasUni: true }, { host: 'uni', engine: 'javascript' }],
];

let pairs = 0;

describe.each(hosts)('%s', (_, app, expected) => {
  /** Two users whom no other test knows. */
  const two = async (client: MemberOptions['client'] = {}) => {
    pairs += 1;
    const [alice, bob] = [`alice-${pairs}`, `bob-${pairs}`];
    const members = [
      await world.member(alice, { app, client }),
      await world.member(bob, { app, client }),
    ] as const;
    return { alice, bob, members };
  };

  test('exchanges messages', async () => {
    const { alice, bob, members } = await two();
    const [one, other] = members;
    await Promise.all(members.map(({ client }) => client.connect()));
    expect(one.seqline.detectHost().name).toBe(expected.host);
    expect(one.client.stats().engine).toBe(expected.engine);
    await one.says(bob, 'Hello');
    await one.says(bob, '你好，世界 👋');
    await other.hears('Hello', '你好，世界 👋');
    await other.says(alice, 'x'.repeat(30_000));
    await one.hears('x'.repeat(30_000));
    expect([...one.errors, ...other.errors]).toEqual([]);
    expect(one.app.sockets.open).toBe(1);
  });

  test('has all that a client has elsewhere', async () => {
    const entries: string[] = [];
    const { alice, bob, members } = await two({
      log: 'debug',
      logger: ({ event }) => {
        entries.push(event);
      },
    });
    const [one, other] = members;
    const { rebuild, groupConversation, bodyBytes } = one.seqline;
    await Promise.all(members.map(({ client }) => client.connect()));
    const conv = groupConversation(`of-${alice}`);
    await one.client.groups.create({ conv, title: 'Zwei', users: [bob] });
    await one.client.send({ to: { conv }, kind: 'place', body: { lat: 52.5, name: 'Zoë' } });
    await other.app.until(() => other.heard.length === 1);
    await other.client.markRead(conv, 1);
    const { messages } = await other.client.history(conv);
    expect(messages.at(-1)?.body).toEqual({ lat: 52.5, name: 'Zoë' });
    const rebuilt: string[] = [];
    for await (const { conversation } of rebuild(other.client)) rebuilt.push(conversation.conv);
    expect(rebuilt).toEqual([conv]);
    expect(await one.client.broadcasts()).toEqual([]);
    expect(await one.client.report()).toMatchObject({ host: expected.host });
    expect(bodyBytes('Zoë')).toBe(4);
    expect(entries).toContain('state');
    expect([one.errors, other.errors, one.app.realm.errors]).toEqual([[], [], []]);
  });

  test('exchanges messages over HTTP', async () => {
    const client = { transport: 'polling' } as const;
    const { alice, bob, members } = await two(client);
    const [one, other] = members;
    await Promise.all(members.map(({ client }) => client.connect()));
    await one.says(bob, 'posted');
    await other.hears('posted');
    await other.says(alice, 'x'.repeat(30_000));
    await one.hears('x'.repeat(30_000));
    expect(one.client.stats().transport).toBe('polling');
    expect([one.app.sockets.made, one.errors]).toEqual([0, []]);
  });

  test('loses and repeats nothing through outages', async () => {
    const { bob, members } = await two();
    const [one, other] = members;
    await Promise.all(members.map(({ client }) => client.connect()));
    const texts = Array.from({ length: 60 }, (_, n) => `message ${n}`);
    const sent = texts.map((text) => one.says(bob, text));
    for (const bytes of [700, 3_000, 40]) {
      await Promise.race([one.proxy.cutAfter('up', bytes), Promise.all(sent)]);
      await Promise.race([other.proxy.cutAfter('down', bytes), other.hears(...texts)]);
      one.proxy.refuse();
      other.proxy.cut();
      one.proxy.heal();
      other.proxy.heal();
    }
    await Promise.all(sent);
    await other.hears(...texts);
    expect(one.app.sockets.open).toBe(1);
  });

  test.each([true, false])('comes back from the background, sockets told: %s', async (told) => {
    const { alice, bob, members } = await two();
    const [one, other] = members;
    await Promise.all(members.map(({ client }) => client.connect()));
    other.app.hide();
    await one.says(bob, 'within five seconds');
    await other.hears('within five seconds');
    other.app.suspend({ told });
    await one.says(bob, 'meanwhile');
    const sending = other.says(alice, 'from the background');
    other.app.show();
    await other.hears('within five seconds', 'meanwhile');
    await sending;
    await one.hears('from the background');
    expect(other.app.sockets.open).toBe(1);
  });

  test('goes on after the system has ended it', async () => {
    const { alice, bob, members } = await two();
    const [one, other] = members;
    await Promise.all(members.map(({ client }) => client.connect()));
    await one.says(bob, 'before');
    await other.hears('before');
    other.proxy.refuse();
    other.proxy.cut();
    const kept = other.client.send({ to: { user: alice }, body: 'y'.repeat(30_000) });
    await other.app.until(() => other.client.stats().outbox === 1);
    // Only what the index names is kept.
    const index = `seqline/dev%2F${bob}/index`;
    await other.app.until(() => other.app.storage.get(index)?.includes('outbox/') ?? false);
    other.restart();
    await one.says(bob, 'after');
    other.proxy.heal();
    await other.client.connect();
    await other.hears('before', 'after');
    await one.hears('y'.repeat(30_000));
    expect(other.statuses[0]).toMatchObject({ clientMsgId: kept.clientMsgId, status: 'queued' });
    expect(other.app.realm.errors).toEqual([]);
  });

  test('shows what it knew before it is connected', async () => {
    const { bob, members } = await two();
    const [one, other] = members;
    const open = () => other.seqline.openCache(other.client, { account: bob });
    const cache = await open();
    await Promise.all(members.map(({ client }) => client.connect()));
    await one.says(bob, 'known');
    const shown = (of: typeof cache) =>
      of.conversations().flatMap(({ conv }) => of.messages(conv).map(({ body }) => body));
    await other.app.until(() => shown(cache).length === 1);
    await cache.flushed();
    other.restart();
    expect(shown(await open())).toEqual(['known']);
    expect(other.client.state.state).toBe('disconnected');
  });

  test('a full storage is told, and keeps nobody from talking', async () => {
    const { bob, members } = await two();
    const [one, other] = members;
    const { storage } = one.app;
    for (let n = 0; storage.set(`other/${n}`, 'x'.repeat(100_000)) === undefined; n += 1);
    for (let n = 0; storage.set(`small/${n}`, 'x'.repeat(1_000)) === undefined; n += 1);
    await Promise.all(members.map(({ client }) => client.connect()));
    await one.says(bob, 'z'.repeat(20_000));
    await other.hears('z'.repeat(20_000));
    expect(one.errors[0]).toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/exceed|full/) as string,
    });
    // Nothing is left of what did not fit.
    expect(storage.keys.filter((key) => /^seqline.*\d$/.test(key))).toEqual([]);
  });
});

test('waits for a place among the five sockets that an app may have', async () => {
  // By itself it would go over to HTTP meanwhile.
  const options = { app: { host: 'wx' }, client: { transport: 'socket' } } as const;
  const member = await world.member('sixth', options);
  const { app, client, proxy } = member;
  const connectSocket = app.api['connectSocket'] as (options: { url: string }) => {
    onOpen: (listener: () => void) => void;
    close: () => void;
  };
  let open = 0;
  const others = Array.from({ length: 5 }, () => {
    const task = connectSocket({ url: `${proxy.url.replace('http', 'ws')}/v1/socket` });
    task.onOpen(() => (open += 1));
    return task;
  });
  await app.until(() => open === 5);
  let attempts = 0;
  client.on('state', (state) => {
    if (state.state === 'connecting') attempts = state.attempt;
  });
  const connecting = client.connect();
  await app.until(() => attempts >= 2);
  others[0]?.close();
  await connecting;
  expect(app.sockets.open).toBe(5);
  expect(app.realm.errors).toEqual([]);
});
