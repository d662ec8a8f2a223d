import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { launchBrowser, serveDist } from './support/browser.ts';
import { TOKEN, until } from './support/client.ts';
import { FakeRelay } from './support/fake-relay.ts';
import { messageEntry } from './support/wire.ts';

let browser: Browser;
let site: { url: string; stop: () => void };

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), serveDist()]);
});

afterAll(async () => {
  await browser.close();
  site.stop();
});

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** The tabs of one browser, in which nothing is stored. */
class Tabs {
  readonly relay: FakeRelay;
  readonly #profile: BrowserContext;

  static async start(): Promise<Tabs> {
    const profile = await browser.newContext();
    onTestFinished(() => profile.close());
    return new Tabs(await FakeRelay.start(), profile);
  }

  private constructor(relay: FakeRelay, profile: BrowserContext) {
    this.relay = relay;
    this.#profile = profile;
  }

  /** @param prepare runs on the page before anything else */
  async open(prepare = ''): Promise<Page> {
    return this.#startOn(await this.#profile.newPage(), prepare);
  }

  /** With a later version of what tabs say to each other, as while a new release is deployed. */
  async openLater(): Promise<Page> {
    const page = await this.#profile.newPage();
    await page.route('**/tabs/messages.js', async (route) => {
      const response = await route.fetch();
      const now = await response.text();
      const later = now.replace(
        /TABS_VERSION = (\d+)/,
        (_, version) => `TABS_VERSION = ${version}1`,
      );
      expect(later).not.toBe(now);
      await route.fulfill({ response, body: later });
    });
    return this.#startOn(page);
  }

  async #startOn(page: Page, prepare = ''): Promise<Page> {
    page.on('pageerror', (error) => {
      throw error;
    });
    if (prepare) await page.addInitScript(prepare);
    await page.goto(site.url);
    await this.startClient(page);
    return page;
  }

  async startClient(page: Page): Promise<void> {
    await page.evaluate(
      async ([url, token]) => {
        const client = window.seqline.createClient(url, { token, backoffBaseMs: 10 });
        Object.assign(window, { client, seqs: [], statuses: [], discarded: [], troubles: [] });
        client.on('message', ({ seq }) => void window.seqs.push(seq));
        client.on('status', ({ clientMsgId, status }) => {
          window.statuses.push(`${clientMsgId} ${status}`);
        });
        client.on('discard', ({ clientMsgId }) => void window.discarded.push(clientMsgId));
        client.on('kicked', ({ reason }) => void window.troubles.push(reason));
        client.on('reset', ({ reason }) => void window.troubles.push(reason));
        client.on('error', ({ code, message }) => void window.troubles.push(`${code}: ${message}`));
        await client.connect();
      },
      [this.relay.url, TOKEN] as const,
    );
  }
}

declare global {
  interface Window {
    seqs: number[];
    statuses: string[];
    discarded: string[];
    troubles: string[];
  }
}

const seqs = (page: Page) => page.evaluate(() => window.seqs);
const roleOf = (page: Page) => page.evaluate(() => window.client.stats().role);
const send = (page: Page, body: string) =>
  page.evaluate((text) => window.client.send({ to: { user: 'bob' }, body: text }), body);

/** As the browser does when the user goes to another tab, or comes back. */
const show = (page: Page, isShown: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !isShown);

/** Nothing runs on the page any more, and its socket stays open. @returns lets it go on */
async function pause(page: Page): Promise<() => Promise<void>> {
  const { paused, pauseNext, resume } = await stopsOf(page);
  await pauseNext();
  page.evaluate(() => 0).catch(() => undefined);
  await paused;
  return resume;
}

/** `paused` resolves when the page stops for the first time, be it by itself. */
async function stopsOf(page: Page) {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Debugger.enable');
  return {
    paused: new Promise((resolve) => debug.once('Debugger.paused', resolve)),
    pauseNext: () => debug.send('Debugger.pause'),
    resume: async () => {
      await debug.send('Debugger.resume');
      await debug.detach();
    },
  };
}

async function leads(page: Page): Promise<void> {
  await expect.poll(() => roleOf(page)).toBe('leader');
}

async function sawAll(pages: Page[], last: number, first = 1): Promise<void> {
  for (const page of pages) {
    await expect.poll(() => seqs(page)).toEqual(upTo(last, first));
    expect(await page.evaluate(() => window.troubles)).toEqual([]);
  }
}

test('several tabs have one socket; each gets every message once, and may send', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const pages = [await tabs.open(), await tabs.open(), await tabs.open()] as const;
  await leads(pages[0]);
  expect([await roleOf(pages[1]), await roleOf(pages[2])]).toEqual(['follower', 'follower']);
  await expect.poll(() => pages[2].evaluate(() => window.client.stats().tabs)).toBe(3);
  expect(await pages[1].evaluate(() => window.client.user)).toBe('alice');

  relay.sendMessages(200);
  for (const [at, page] of pages.entries()) {
    expect(await send(page, `from ${at}`)).toMatchObject({ convSeq: 201 + at });
  }
  await sawAll([...pages], 203);
  expect(relay.sockets).toHaveLength(1);
  // Each hears how the messages of the others are.
  const statuses = await pages[0].evaluate(() => window.statuses);
  expect(statuses.filter((status) => status.endsWith(' sent'))).toHaveLength(3);
});

test('a tab that comes later gets what comes from then on', async () => {
  const tabs = await Tabs.start();
  const first = await tabs.open();
  tabs.relay.sendMessages(5);
  await sawAll([first], 5);
  const second = await tabs.open();
  tabs.relay.sendMessages(5);
  await sawAll([first], 10);
  await sawAll([second], 10, 6);
});

test('the tab with the connection is closed in the middle of a burst', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const [leader, second, third] = [await tabs.open(), await tabs.open(), await tabs.open()];
  await leads(leader);
  relay.sendMessages(300);
  await until(() => relay.all('ack').length > 0);
  const sending = Promise.all(upTo(20).map((n) => send(second, `m${n}`)));
  await leader.close();
  await sending;
  await relay.nth('hello', 2);
  relay.sendMessages(100);
  await sawAll([second, third], 420);
  expect(relay.timeline).toHaveLength(420);
  // The same device goes on.
  const [hello, again] = relay.all('hello');
  expect(again?.['device']).toBe(hello?.['device']);
  // In the order of the calls.
  const bodies = relay.timeline
    .map(({ item }) => item['message'] as { sender: string; body: string })
    .flatMap(({ sender, body }) => (sender === 'alice' ? [body] : []));
  expect(bodies).toEqual(upTo(20).map((n) => `m${n}`));
});

test('the app of another tab sees no gap while one takes over', async () => {
  const tabs = await Tabs.start();
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  await follower.evaluate(() => {
    window.client.on('state', ({ state }) => void window.statuses.push(state));
  });
  await leader.close();
  await leads(follower);
  await tabs.relay.nth('hello', 2);
  await expect.poll(() => follower.evaluate(() => window.statuses)).toEqual(['connected']);
});

test('the tab with the connection is frozen by the browser, and thaws', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  relay.sendMessages(10);
  await sawAll([leader, follower], 10);
  // What a browser does with a tab that was hidden for long: it says so, and then nothing runs.
  await leader.evaluate(() => document.dispatchEvent(new Event('freeze')));
  const thaw = await pause(leader);
  await leads(follower);
  await relay.nth('hello', 2);
  relay.sendMessages(10);
  await sawAll([follower], 20);
  await thaw();
  await leader.evaluate(() => document.dispatchEvent(new Event('resume')));
  await sawAll([leader, follower], 20);
  relay.sendMessages(10);
  await sawAll([leader, follower], 30);
  expect(relay.sockets).toHaveLength(2);
});

test('the tab with the connection hangs; another one takes over, and it follows afterwards', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  relay.sendMessages(10);
  await sawAll([leader, follower], 10);
  const thaw = await pause(leader);
  await relay.nth('hello', 2);
  // As a relay does when a device connects again.
  relay.sockets[0]?.say({ kick: { reason: 'replaced', message: 'this device connected again' } });
  relay.sendMessages(10);
  const sent = await send(follower, 'while it hangs');
  expect(sent).toMatchObject({ convSeq: 21 });
  await thaw();
  await sawAll([leader, follower], 21);
  await expect.poll(() => roleOf(leader)).toBe('follower');
  expect(await leader.evaluate(() => window.client.state.state)).toBe('connected');
  relay.sendMessages(5);
  await sawAll([leader, follower], 26);
  expect(relay.sockets).toHaveLength(2);
});

test('a tab that hangs in the middle of a write holds up nobody who takes over', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  // What it asked of the storage is on its way, and it never hears of the answer.
  const leader = await tabs.open(`{
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      const begun = transaction.call(this, stores, mode, options);
      if (window.hangs && mode === 'readwrite') {
        window.hangs = false;
        queueMicrotask(() => { debugger; });
      }
      return begun;
    };
  }`);
  const follower = await tabs.open();
  await leads(leader);
  await leader.evaluate(() => Object.assign(window, { hangs: true }));
  const { paused, resume } = await stopsOf(leader);
  relay.sendMessages(10);
  await paused;
  await relay.nth('hello', 2);
  await sawAll([follower], 10);
  expect(await send(follower, 'while it hangs')).toMatchObject({ convSeq: 11 });
  await resume();
  await sawAll([leader, follower], 11);
});

test('all tabs are reloaded at once: one device, which goes on where it was', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const pages = [await tabs.open(), await tabs.open(), await tabs.open()];
  relay.sendMessages(7);
  await sawAll(pages, 7);
  await until(() => relay.all('ack').length > 0);
  await Promise.all(pages.map((page) => page.reload()));
  await Promise.all(pages.map((page) => tabs.startClient(page)));
  relay.sendMessages(3);
  await sawAll(pages, 10, 8);
  const devices = new Set(relay.all('hello').map(({ device }) => device));
  expect(devices.size).toBe(1);
});

test('what a tab could not send when it was closed is sent by the next', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  relay.on('send', () => undefined);
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  const isQueued = (page: Page) =>
    expect.poll(() => page.evaluate(() => window.statuses.at(-1))).toContain('sending');
  await leader.evaluate(() => void window.client.send({ to: { user: 'bob' }, body: 'from one' }));
  await isQueued(follower);
  await leader.close();
  relay.off('send');
  await sawAll([follower], 1);
  const own = (relay.timeline[0]?.item['message'] as { body: string }).body;
  expect(own).toBe('from one');
  const ways = await follower.evaluate(() => window.statuses.map((way) => way.split(' ')[1]));
  expect(ways).toEqual(['queued', 'sending', 'sent']);
});

test('each tab disconnects for itself, the last one for all; and connects again', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const [one, other] = [await tabs.open(), await tabs.open()];
  await one.evaluate(() => {
    window.client.disconnect();
  });
  const state = (page: Page) => page.evaluate(() => window.client.state);
  expect(await state(one)).toEqual({ state: 'disconnected', reason: 'requested' });
  relay.sendMessages(3);
  await sawAll([other], 3);
  expect(await seqs(one)).toEqual([]);
  await one.evaluate(() => window.client.connect());
  await sawAll([one, other], 3);
  for (const page of [one, other]) {
    await page.evaluate(() => {
      window.client.disconnect();
    });
  }
  await expect.poll(() => relay.open).toBe(0);
  await other.evaluate(() => window.client.connect());
  expect(relay.sockets).toHaveLength(2);
  expect(await state(one)).toMatchObject({ state: 'disconnected' });
});

test('a kick ends it in all tabs, and nothing reconnects by itself', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const pages = [await tabs.open(), await tabs.open()];
  relay.socket.say({ kick: { reason: 'session_ended', message: 'ended' } });
  for (const page of pages) {
    await expect.poll(() => page.evaluate(() => window.troubles)).toEqual(['session_ended']);
    await expect
      .poll(() => page.evaluate(() => window.client.state))
      .toMatchObject({ state: 'disconnected', reason: 'kicked' });
  }
  await pages[0]?.close();
  await pages[1]?.evaluate(() => window.client.broadcasts());
  expect(relay.sockets).toHaveLength(1);
});

test('rooms and presence: what one tab leaves, another one keeps', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  relay.answer('rooms.join', () => ({ online: 1, recent: [] }));
  const [one, other] = [await tabs.open(), await tabs.open()];
  for (const page of [one, other]) {
    await page.evaluate(async () => {
      window.client.on('room', ({ conv }) => void window.statuses.push(conv));
      await window.client.rooms.join('room:stage');
    });
  }
  await one.evaluate(() => window.client.rooms.leave('room:stage'));
  expect(relay.calls('rooms.leave')).toEqual([]);
  const room = { conv: 'room:stage', online: 1, messages: [], dropped: 0 };
  relay.socket.say({ event: { name: 'room', value: JSON.stringify(room) } });
  await expect.poll(() => other.evaluate(() => window.statuses)).toEqual(['room:stage']);
  expect(await one.evaluate(() => window.statuses)).toEqual([]);
  await other.close();
  await until(() => relay.calls('rooms.leave').length === 1 || relay.sockets.length === 2);
});

test('a room goes on in each tab that is in it when the tab with the connection is closed', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const missed = { msg_id: 9, sender: 'bob', kind: 'text', body: 'meanwhile', at_us: 5_000_000 };
  relay.answer('rooms.join', () => ({
    online: 2,
    recent: relay.sockets.length > 1 ? [missed] : [],
  }));
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  await follower.evaluate(async () => {
    window.client.on('room', ({ messages }) => {
      window.statuses.push(...messages.map(({ body }) => body as string));
    });
    await window.client.rooms.join('room:stage');
  });
  await leader.close();
  await leads(follower);
  // On the new connection, the one that leads now comes into the room again, and tells what was said meanwhile.
  await expect.poll(() => follower.evaluate(() => window.statuses)).toEqual(['meanwhile']);
  const room = {
    conv: 'room:stage',
    online: 2,
    messages: [{ ...missed, body: 'then' }],
    dropped: 0,
  };
  relay.socket.say({ event: { name: 'room', value: JSON.stringify(room) } });
  await expect.poll(() => follower.evaluate(() => window.statuses)).toEqual(['meanwhile', 'then']);
  expect(await follower.evaluate(() => window.troubles)).toEqual([]);
});

test('the relay is told of the background when all tabs are hidden, whichever leads', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  const told = () => relay.all('state').map(({ background }) => background);
  // The one that leads is hidden, the other one is looked at.
  await show(leader, false);
  expect(await send(follower, 'seen')).toMatchObject({ convSeq: 1 });
  expect(told()).toEqual([]);
  await show(follower, false);
  await expect.poll(told).toEqual([true]);
  const probes = relay.all('ping').length;
  await show(follower, true);
  await expect.poll(told).toEqual([true, false]);
  // Nobody knows what became of the connection meanwhile: it is looked after at once.
  await expect.poll(() => relay.all('ping').length).toBeGreaterThan(probes);
  await show(follower, false);
  await expect.poll(told).toEqual([true, false, true]);
  // The only tab that is left is shown: so is the device.
  await leader.close();
  await relay.nth('hello', 2);
  expect(relay.all('hello')[1]).toMatchObject({ background: true });
  await show(follower, true);
  await expect.poll(() => told().at(-1)).toBe(false);
});

test('tabs of two versions of the package are two devices, and do not disturb each other', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  const tell = (count: number) => {
    relay.add(...upTo(count).map((n) => messageEntry(relay.timeline.length + n)));
    relay.publish();
  };
  const now = [await tabs.open(), await tabs.open()] as const;
  const later = [await tabs.openLater(), await tabs.openLater()] as const;
  const pages = [...now, ...later];
  const roles = await Promise.all(pages.map(roleOf));
  expect(roles).toEqual(['leader', 'follower', 'leader', 'follower']);
  expect(relay.sockets).toHaveLength(2);
  const [first, second] = relay.all('hello').map(({ device }) => device);
  expect(first).not.toBe(second);

  tell(20);
  await sawAll(pages, 20);
  for (const [at, page] of pages.entries()) {
    expect(await send(page, `from ${at}`)).toMatchObject({ convSeq: 21 + at });
    // The fake tells only the sender's connection by itself.
    tell(0);
  }
  await sawAll(pages, 24);

  // The old tabs are closed one after the other, as their users come by.
  await now[0].close();
  await leads(now[1]);
  await relay.nth('hello', 3);
  tell(1);
  await sawAll([now[1], ...later], 25);
  await now[1].close();
  tell(1);
  await sawAll([...later], 26);
  expect(await Promise.all(later.map(roleOf))).toEqual(['leader', 'follower']);
  expect(relay.sockets).toHaveLength(3);
});

test('a failed message that one tab discards is gone in all of them', async () => {
  const tabs = await Tabs.start();
  const { relay } = tabs;
  relay.on('send', ({ client_msg_id }, socket) => {
    const failure = { code: 'not_allowed', message: 'no', retryable: false };
    socket.say({ error: { ...failure, client_msg_id } });
  });
  const [leader, follower] = [await tabs.open(), await tabs.open()];
  await leads(leader);
  const fail = () =>
    follower.evaluate(async () => {
      const sending = window.client.send({ to: { user: 'bob' }, body: 'no' });
      const code = await sending.catch((error: unknown) => (error as { code: string }).code);
      return [sending.clientMsgId, code as string] as const;
    });
  const heard = (page: Page) => page.evaluate(() => window.discarded);
  const [one, code] = await fail();
  expect(code).toBe('not_allowed');
  await follower.evaluate((id) => window.client.discard(id), one);
  for (const page of [leader, follower]) await expect.poll(() => heard(page)).toEqual([one]);

  // By the one that leads, too; and it does not come back with the next one.
  const [other] = await fail();
  await leader.evaluate((id) => window.client.discard(id), other);
  for (const page of [leader, follower]) await expect.poll(() => heard(page)).toEqual([one, other]);
  await leader.close();
  await leads(follower);
  const late = await tabs.open();
  expect(await late.evaluate(() => window.statuses)).toEqual([]);
  await expect(follower.evaluate((id) => window.client.discard(id), other)).rejects.toThrow(
    'no failed message',
  );
});

test.for(['locks', 'BroadcastChannel'])('without %s each tab has a socket', async (missing) => {
  const tabs = await Tabs.start();
  const without =
    missing === 'locks'
      ? "Object.defineProperty(navigator, 'locks', { value: undefined })"
      : 'delete globalThis.BroadcastChannel';
  const pages = [await tabs.open(without), await tabs.open(without)];
  expect(tabs.relay.sockets).toHaveLength(2);
  for (const page of pages) expect(await roleOf(page)).toBe('alone');
});
