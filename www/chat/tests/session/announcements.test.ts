import { beforeEach, expect, test, vi } from 'vitest';

import { Session } from '../../src/session/session.ts';
import { broadcast, me } from '../store/builders.ts';
import { FakeClient, settled } from './fake-client.ts';

let client: FakeClient;
let session: Session;

beforeEach(() => {
  client = new FakeClient();
  client.held = [broadcast(1, { opened: true }), broadcast(2)];
  const login = { user: me, app: 'dev', token: 'token', isDev: true };
  session = new Session(login, 'http://relay', vi.fn(), () => client);
});

const ids = () => [...session.announcements.state.byId.keys()];
const failure = (code: string) => Object.assign(new Error('why'), { code });

test('what the device holds is there without a connection', async () => {
  session.connect();
  await settled();
  expect(ids()).toEqual([1, 2]);
});

test('a client that cannot start leaves the list empty', async () => {
  client.broadcasts = () => Promise.reject(failure('wasm_unavailable'));
  session.connect();
  await settled();
  expect(ids()).toEqual([]);
});

test('opening one is told to the client, once', async () => {
  session.connect();
  await settled();
  client.emit('broadcast', { change: 'new', id: 3, broadcast: broadcast(3) });
  session.announcements.open(3);
  session.announcements.open(3);
  session.announcements.open(1);
  expect(client.calls.filter((call) => call.startsWith('opened'))).toEqual(['opened 3']);
  expect(session.announcements.state.open?.id).toBe(1);
  session.announcements.close();
  expect(session.announcements.state.open).toBeUndefined();
});

test('one that goes while it is opened is no failure; others are said', async () => {
  session.connect();
  await settled();
  client.openings = () => Promise.reject(failure('broadcast_unknown'));
  session.announcements.open(2);
  await settled();
  expect(session.notices.shown).toEqual([]);
  client.emit('broadcast', { change: 'new', id: 3, broadcast: broadcast(3) });
  client.openings = () => Promise.reject(failure('internal'));
  session.announcements.open(3);
  await settled();
  expect(session.notices.shown).toMatchObject([{ text: 'why' }]);
});

test('what has expired goes with time', () => {
  const expiresAt = 5_000;
  client.emit('broadcast', { change: 'new', id: 3, broadcast: broadcast(3, { expiresAt }) });
  session.announcements.tick(4_000);
  expect(ids()).toEqual([3]);
  session.announcements.tick(6_000);
  expect(ids()).toEqual([]);
});
