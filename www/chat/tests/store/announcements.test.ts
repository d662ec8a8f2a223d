import type { Broadcast, Events } from 'seqline';
import { beforeEach, expect, test } from 'vitest';

import {
  closeAnnouncement,
  createAnnouncements,
  dropExpired,
  freshAnnouncements,
  listedAnnouncements,
  openAnnouncement,
  putAway,
  receiveBroadcast,
  receiveHeld,
  unopenedCount,
  type Announcements,
} from '../../src/store/announcements.ts';
import { broadcast } from './builders.ts';

let all: Announcements;

beforeEach(() => {
  all = createAnnouncements();
});

type Change = Exclude<Events['broadcast']['change'], 'withdrawn'>;

const tell = (change: Change, id: number, given: Partial<Broadcast> = {}) => {
  receiveBroadcast(all, { change, id, broadcast: broadcast(id, given) });
};

const withdraw = (id: number) => {
  receiveBroadcast(all, { change: 'withdrawn', id });
};

const listed = () => listedAnnouncements(all).map(({ id }) => id);
const fresh = () => freshAnnouncements(all).map(({ id }) => id);

test('are listed newest first, and counted until they are opened', () => {
  receiveHeld(all, [broadcast(3, { opened: true }), broadcast(5)]);
  tell('new', 4, { publishedAt: 9_000 });
  expect(listed()).toEqual([4, 5, 3]);
  expect(unopenedCount(all)).toBe(2);
  expect(openAnnouncement(all, 4)).toBe(true);
  expect(unopenedCount(all)).toBe(1);
  expect(openAnnouncement(all, 4)).toBe(false);
});

test('are put before the user when they are new, and not else', () => {
  receiveHeld(all, [broadcast(1)]);
  tell('new', 2);
  tell('seen', 3);
  tell('changed', 1, { version: 2 });
  tell('new', 4);
  expect(fresh()).toEqual([4, 2]);
});

test('are put away when they are opened, here or on another device, or withdrawn', () => {
  for (const id of [1, 2, 3, 4]) tell('new', id);
  openAnnouncement(all, 1);
  tell('seen', 2, { opened: true });
  tell('seen', 3);
  withdraw(4);
  expect(fresh()).toEqual([3]);
  putAway(all);
  expect(fresh()).toEqual([]);
  expect(listed()).toEqual([3, 2, 1]);
});

test('that are withdrawn vanish, with a word if they are in view', () => {
  tell('new', 1);
  tell('new', 2);
  openAnnouncement(all, 1);
  withdraw(2);
  expect(all.open).toEqual({ id: 1, title: 'Title 1' });
  withdraw(1);
  expect(all.open).toEqual({ id: 1, title: 'Title 1', change: 'withdrawn' });
  expect(listed()).toEqual([]);
  closeAnnouncement(all);
  expect(all.open).toBeUndefined();
});

test('that were withdrawn are not brought back by an older list', () => {
  withdraw(1);
  tell('changed', 2, { title: 'Newer' });
  receiveHeld(all, [broadcast(1), broadcast(2), broadcast(3)]);
  expect(listed()).toEqual([3, 2]);
  expect(all.byId.get(2)?.title).toBe('Newer');
  tell('new', 1);
  expect(listed()).toEqual([3, 2, 1]);
});

test('that change while they are in view say so', () => {
  tell('new', 1);
  openAnnouncement(all, 1);
  tell('changed', 1, { title: 'Better', opened: true });
  expect(all.open).toEqual({ id: 1, title: 'Better', change: 'changed' });
});

test('that have expired go by themselves', () => {
  tell('new', 1, { expiresAt: 5_000 });
  tell('new', 2, { expiresAt: 9_000 });
  tell('new', 3);
  openAnnouncement(all, 1);
  dropExpired(all, 4_999);
  expect(listed()).toEqual([3, 2, 1]);
  dropExpired(all, 5_000);
  expect(listed()).toEqual([3, 2]);
  expect(all.open?.change).toBe('expired');
  dropExpired(all, 10_000);
  expect([listed(), fresh()]).toEqual([[3], [3]]);
});

test('that are not there cannot be opened', () => {
  expect(openAnnouncement(all, 7)).toBe(false);
  expect(all.open).toBeUndefined();
});
