// The promise of the page: never a message twice, none lost, all in order, in whatever
// order pages of history, `status` and `message` events come.
import type { Message } from 'seqline';
import { expect, test } from 'vitest';

import { unreadOf } from '../../src/store/conversation-rows.ts';
import { outgoingOf } from '../../src/store/outgoing.ts';
import { conv, me, peer } from './builders.ts';
import { Random } from './random.ts';
import { RelayModel } from './relay-model.ts';

const STEPS = 250;
const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

test.each(seeds)('every message once and in order, whatever the interleaving (seed %i)', (seed) => {
  const relay = new RelayModel(new Random(seed));
  for (let step = 0; step < STEPS; step += 1) {
    relay.step();
    checkAlways(relay, `step ${step}`);
  }
  relay.settle();
  checkAtRest(relay);
});

/** What holds at every moment. */
function checkAlways(relay: RelayModel, when: string): void {
  const { window } = relay;
  const outgoing = outgoingOf(relay.chat.outbox, conv);
  const ids = window.messages.map(({ sender, clientMsgId }) => `${sender}/${clientMsgId}`);
  ids.push(...outgoing.map(({ clientMsgId }) => `${me}/${clientMsgId}`));
  ensure(new Set(ids).size === ids.length, when, 'a message is shown twice', ids);

  const lost = [...relay.learned].filter(
    (id) => !ids.includes(`${me}/${id}`) && !isElsewhere(relay, id),
  );
  ensure(lost.length === 0, when, 'a message that was sent is not shown', lost);

  const positions = window.messages.map(({ convSeq }) => convSeq);
  ensure(isAscending(positions), when, 'messages are out of order', positions);

  const inTurn = outgoing
    .filter(({ sent, clientMsgId }) => !sent && !relay.everFailed.has(clientMsgId))
    .map(({ clientMsgId }) => Number(clientMsgId.slice(1)));
  ensure(isAscending(inTurn), when, 'outgoing messages are out of order', inTurn);

  for (const { convSeq, body, clientMsgId } of window.messages) {
    const stored = relay.stored[convSeq - 1];
    ensure(
      stored?.clientMsgId === clientMsgId,
      when,
      'another message than the stored one',
      convSeq,
    );
    ensure(['', `text ${clientMsgId}`].includes(body as string), when, 'another body', body);
  }

  if (!window.loaded) return;
  const isCovered = (convSeq: number) => window.low <= convSeq && convSeq <= window.high;
  ensure(positions.every(isCovered), when, 'a message outside of the stretch', positions);
  const held = new Set(positions);
  const missing = relay.visible.filter(({ convSeq }) => isCovered(convSeq) && !held.has(convSeq));
  ensure(missing.length === 0, when, 'a hole', missing);
}

/** Whether a message is stored outside of the part that is in memory. */
function isElsewhere({ stored, window }: RelayModel, id: string): boolean {
  const found = stored.find(({ sender, clientMsgId }) => sender === me && clientMsgId === id);
  return found !== undefined && window.loaded && (window.detached || found.convSeq < window.low);
}

/** What holds when everything has arrived, from the newest message back to the first. */
function checkAtRest(relay: RelayModel): void {
  const { chat, window, stored } = relay;
  expect(window.high).toBe(stored.length);
  expect([...chat.outbox.keys()]).toEqual([]);
  const row = chat.rows.get(conv);
  if (row && relay.wasListed) {
    expect(unreadOf(row)).toBe(stored.filter(({ sender }) => sender === peer).length);
  }

  const seen = new Map<number, Message>();
  do {
    checkAlways(relay, 'scrolling up');
    for (const message of window.messages) seen.set(message.convSeq, message);
  } while (relay.scrollUp());
  const inOrder = [...seen.values()].sort((a, b) => a.convSeq - b.convSeq);
  const strip = ({ convSeq, body, recalled }: Message) => ({ convSeq, body, recalled });
  expect(inOrder.map(strip)).toEqual(relay.visible.map(strip));
  const own = inOrder.filter(({ sender }) => sender === me).map(({ clientMsgId }) => clientMsgId);
  expect(new Set(own)).toEqual(relay.sentFromHere);
}

// Not `expect`: these run a million times.
function ensure(condition: boolean, when: string, problem: string, shown: unknown): void {
  if (!condition) throw new Error(`${when}: ${problem}: ${JSON.stringify(shown)}`);
}

const isAscending = (numbers: number[]): boolean =>
  numbers.every((number, index) => number > (numbers[index - 1] ?? -1));
