import { beforeEach, describe, expect, test } from 'vitest';

import { OperatorApi } from '../src/api/operator-api.ts';
import { AllowListStore, usersIn } from '../src/store/allow-list.ts';
import { AuditTrail } from '../src/store/audit.ts';
import { BroadcastList } from '../src/store/broadcast-list.ts';
import { BroadcastStore } from '../src/store/broadcast.ts';
import { FakeRelay } from './fake-relay.ts';

let relay: FakeRelay;
let api: OperatorApi;

beforeEach(() => {
  relay = new FakeRelay();
  api = new OperatorApi(relay.callAs('olga'));
});

async function write(count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    const content = { kind: 'text', title: `Title ${i}`, body: 'text' };
    await api.create({ content, audience: {}, every_device: false });
  }
}

describe('the list', () => {
  const ids = (list: BroadcastList) => list.state.rows?.map(({ id }) => id);

  test('is paged, and refreshed as far as it is shown', async () => {
    await write(60);
    const list = new BroadcastList(api);
    await list.show([]);
    expect(ids(list)).toHaveLength(25);
    await list.more();
    expect(ids(list)).toHaveLength(50);
    await write(1);
    await list.refresh();
    expect(ids(list)?.[0]).toBe(61);
    expect(ids(list)).toHaveLength(50);
    await list.more();
    expect(ids(list)).toHaveLength(61);
    expect(list.state.hasMore).toBe(false);
  });

  test('shows chosen states only', async () => {
    await write(3);
    await api.publish({ id: 2, revision: 1 });
    const list = new BroadcastList(api);
    await list.show(['published', 'recalled']);
    expect(ids(list)).toEqual([2]);
  });

  test('keeps what was known while the relay is away', async () => {
    await write(2);
    const list = new BroadcastList(api);
    await list.show([]);
    relay.isDown = true;
    await list.refresh();
    expect(ids(list)).toEqual([2, 1]);
    expect(list.state.failure).toContain('cannot be reached');
    relay.isDown = false;
    await list.refresh();
    expect(list.state.failure).toBe('');
  });

  test('an answer to an older question is not shown', async () => {
    await write(2);
    await api.publish({ id: 2, revision: 1 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const call = relay.callAs('olga');
    const slow = new OperatorApi(async (method, params) => {
      if ('states' in params && String(params.states) === 'published') await held;
      return call(method, params);
    });
    const list = new BroadcastList(slow);
    const older = list.show(['published']);
    await list.show(['draft']);
    release();
    await older;
    expect(ids(list)).toEqual([1]);
  });
});

describe('one broadcast', () => {
  test('goes through its life', async () => {
    await write(1);
    const store = new BroadcastStore(api, 1);
    await store.refresh();
    const seen = () => ({ id: 1, revision: store.state.broadcast?.revision ?? 0 });
    const state = () => store.state.broadcast?.state;
    expect(await store.stage(seen(), { allow_list: true, percent: 5 })).toBe(true);
    expect(store.state.broadcast).toMatchObject({ state: 'staged', staging: { percent: 5 } });
    expect(await store.publish(seen(), 10_000)).toBe(true);
    expect(store.state.broadcast).toMatchObject({
      state: 'published',
      wave: { window_ms: 10_000 },
    });
    expect(await store.wave(seen(), 60_000)).toBe(true);
    expect(await store.stop(seen())).toBe(true);
    expect(state()).toBe('stopped');
    expect(await store.recall(seen())).toBe(true);
    expect(state()).toBe('recalled');
    expect(await store.publish(seen())).toBe(false);
    expect(store.state.refusal).toContain('recalled');
    expect(await store.delete(seen())).toBe(true);
    await store.refresh();
    expect(store.state.isGone).toBe(true);
  });

  test('what was changed meanwhile is not published unread, but loaded', async () => {
    await write(1);
    const store = new BroadcastStore(api, 1);
    await store.refresh();
    const seen = { id: 1, revision: 1 };
    const content = { kind: 'text', title: 'Other', body: 'text' };
    await new OperatorApi(relay.callAs('oscar')).edit(seen, {
      content,
      audience: {},
      every_device: false,
    });
    expect(await store.publish(seen)).toBe(false);
    expect(store.state.refusal).toContain('changed meanwhile');
    expect(store.state.broadcast).toMatchObject({ state: 'draft', content, revision: 2 });
  });
});

describe('the allow-list', () => {
  test('is added to, taken from and replaced', async () => {
    const list = new AllowListStore(api);
    await list.refresh();
    expect(list.state.users).toEqual([]);
    await list.change('add', ['bob', 'alice']);
    await list.change('remove', ['bob']);
    expect(list.state.users).toEqual(['alice']);
    await list.change('replace', ['carol']);
    expect(list.state.users).toEqual(['carol']);
    relay.isDown = true;
    expect(await list.change('add', ['dave'])).toBe(false);
    expect(list.state.users).toEqual(['carol']);
    expect(list.state.failure).not.toBe('');
  });

  test('is pasted in any form, each user once', () => {
    expect(usersIn('alice, bob\n carol;bob\t\n')).toEqual({
      users: ['alice', 'bob', 'carol'],
      problem: undefined,
    });
    expect(usersIn('alice <b>').problem).toContain('“<b>”');
    expect(usersIn(`x${'y'.repeat(64)}`).problem).toContain('at most 64');
  });
});

describe('the history', () => {
  test('grows on top, and is paged below', async () => {
    await write(40);
    const trail = new AuditTrail(api);
    await trail.refresh();
    expect(trail.state.lines).toHaveLength(30);
    await trail.more();
    expect(trail.state.lines).toHaveLength(40);
    await api.publish({ id: 1, revision: 1 });
    await trail.refresh();
    expect(trail.state.lines?.map(({ id }) => id)).toEqual(
      Array.from({ length: 41 }, (_, i) => 41 - i),
    );
  });

  test('has no hole after a long time away', async () => {
    await write(3);
    const trail = new AuditTrail(api);
    await trail.refresh();
    await write(40);
    await trail.refresh();
    await trail.more();
    expect(trail.state.lines?.map(({ id }) => id)).toEqual(
      Array.from({ length: 43 }, (_, i) => 43 - i),
    );
  });

  test('is of one broadcast, if that is asked for', async () => {
    await write(2);
    await api.publish({ id: 2, revision: 1 });
    const trail = new AuditTrail(api, 2);
    await trail.refresh();
    expect(trail.state.lines?.map(({ action }) => action)).toEqual(['publish', 'create']);
  });
});
