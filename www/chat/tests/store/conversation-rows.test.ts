import { describe, expect, test } from 'vitest';

import {
  applyMessage,
  applyRead,
  applyReceipt,
  applyAmendment,
  applySnapshot,
  createRow,
  reached,
  unreadOf,
} from '../../src/store/conversation-rows.ts';
import { RECALLED } from '../../src/store/amendments.ts';
import { conv, me, message, peer, snapshot } from './builders.ts';

const rowWith = (...positions: number[]) => {
  const row = createRow(conv, me);
  for (const at of positions) applyMessage(row, message(at), me);
  return row;
};

describe('unread messages', () => {
  test('are those of others after the read mark', () => {
    const row = rowWith(1, 2);
    applyMessage(row, message(3, { sender: me }), me);
    expect(unreadOf(row)).toBe(2);
    applyRead(row, 1);
    expect(unreadOf(row)).toBe(1);
    applyRead(row, 3);
    expect(unreadOf(row)).toBe(0);
  });

  test('are not counted twice when an event is handed over again', () => {
    expect(unreadOf(rowWith(1, 1))).toBe(1);
  });

  test('are not counted twice when the list has them already', () => {
    const row = createRow(conv, me);
    applySnapshot(row, snapshot({ head: 5, read: 2, unread: 3 }));
    applyMessage(row, message(5), me);
    applyMessage(row, message(6), me);
    expect(unreadOf(row)).toBe(4);
  });

  test('of events that the list does not have yet stay counted', () => {
    const row = rowWith(6, 7);
    applySnapshot(row, snapshot({ head: 6, read: 2, unread: 4 }));
    expect(unreadOf(row)).toBe(5);
  });

  test('are not brought back by an older list', () => {
    const row = createRow(conv, me);
    applySnapshot(row, snapshot({ head: 6, read: 6 }));
    applySnapshot(row, snapshot({ head: 5, read: 2, unread: 3 }));
    expect(unreadOf(row)).toBe(0);
    expect(row.read).toBe(6);
  });

  test('stay counted when an older list comes late', () => {
    const row = createRow(conv, me);
    applySnapshot(row, snapshot({ head: 6, read: 2, unread: 4 }));
    applySnapshot(row, snapshot({ head: 5, read: 2, unread: 3 }));
    expect(unreadOf(row)).toBe(4);
  });

  test('are not brought back by a list from before the read mark', () => {
    const row = rowWith(6);
    applyRead(row, 6);
    applySnapshot(row, snapshot({ head: 6, read: 2, unread: 4 }));
    expect(unreadOf(row)).toBe(0);
  });

  test('are known roughly after a mark in between, until the list comes again', () => {
    const row = createRow(conv, me);
    applySnapshot(row, snapshot({ head: 10, read: 2, unread: 8 }));
    applyRead(row, 8);
    expect(row.countIsRough).toBe(true);
    expect(unreadOf(row)).toBe(2);
    applySnapshot(row, snapshot({ head: 10, read: 8, unread: 1 }));
    expect(row.countIsRough).toBe(false);
    expect(unreadOf(row)).toBe(1);
  });
});

describe('the newest message', () => {
  test('is the one with the highest position, whatever comes last', () => {
    const row = rowWith(6, 5);
    applySnapshot(row, snapshot({ head: 4 }));
    expect(row.last?.convSeq).toBe(6);
  });

  test('is shown as taken back once it is', () => {
    const row = rowWith(6);
    applyAmendment(row, 6, RECALLED);
    expect(row.last).toMatchObject({ recalled: true, body: '' });
    applySnapshot(row, snapshot({ head: 6 }));
    expect(row.last).toMatchObject({ recalled: true, body: '' });
  });
});

describe('receipts', () => {
  test('only grow', () => {
    const row = createRow(conv, me);
    applyReceipt(row, { user: peer, delivered: 5, read: 3 });
    applyReceipt(row, { user: peer, delivered: 4, read: 2 });
    expect([3, 5, 6].map((at) => reached(row, at))).toEqual(['read', 'delivered', 'sent']);
  });

  test('of reading imply delivery', () => {
    const row = createRow(conv, me);
    applyReceipt(row, { user: peer, delivered: 0, read: 3 });
    expect(row.receipts.get(peer)).toEqual({ delivered: 3, read: 3 });
  });
});
