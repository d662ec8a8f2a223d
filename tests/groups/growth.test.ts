/**
 * A group grows over the threshold from which its members read one timeline instead of each
 * having an entry of their own, while everybody writes, connections are cut and the relay is
 * killed: nobody misses, repeats or reorders a message.
 */
import { groupConversation } from 'seqline/node';
import { afterEach, expect, test } from 'vitest';

import { Ledger, type Seen } from '../support/ledger.ts';
import { seeded } from '../support/random.ts';
import { Relay } from '../support/relay.ts';
import { Signal } from '../support/signal.ts';
import { devToken } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';
import { Member } from './member.ts';

const conv = groupConversation('growing');
const founders = ['ann', 'ben', 'cleo', 'dan'];
const late_comers = ['eve', 'finn', 'gil', 'hana'];
/** Reached with the second of those who come late. */
const crowd_members_min = 6;
const messages_each = 40;
const timeout_ms = 90_000;

const open: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.dispose();
});

test('a group becomes large while messages flow and everything breaks', async () => {
  const random = seeded('growth');
  const relay = await Relay.start({
    args: ['--crowd-members-min', String(crowd_members_min)],
  });
  open.push(relay);
  const progress = new Signal();
  const ledger = new Ledger();
  let events = 0;
  const onEvent = (): void => {
    events += 1;
  };
  const start = async (name: string): Promise<Member> => {
    const member = await Member.start(name, relay, conv, progress, onEvent);
    open.push(member);
    return member;
  };
  const describe = (): string => members.map(({ name, shown }) => `${name} ${shown.length}`).join();
  const until = (condition: () => boolean): Promise<void> =>
    progress.until(condition, timeout_ms, describe);

  const members = await Promise.all([...founders, ...late_comers].map(start));
  const [ann] = members;
  if (!ann) throw new Error('there is no founder');
  await ann.client.groups.create({ conv, title: 'Growing', users: founders.slice(1) });

  // Founders write in rounds; late comers are taken in, one after the other, between them.
  const writers = members.slice(0, founders.length);
  const total = founders.length * messages_each;
  const expected = (round: number): number => (total / messages_each) * (round + 1);
  for (let round = 0; round < messages_each; round++) {
    for (const member of writers) {
      const text = `${member.name} ${round}`;
      ledger.add(member.name, text);
      member.send(conv, text);
    }
    if (random.chance(0.2)) random.pick(members).proxy.cut();
    if (round % 8 === 4) {
      const late = late_comers[(round - 4) / 8];
      if (late) await ann.client.groups.invite(conv, [late]);
    }
    if (round % 10 === 9) {
      await relay.kill();
      await relay.start();
    }
    // Not all at once: the rounds overlap what is done to them.
    if (random.chance(0.3)) await until(() => ann.shown.length >= expected(round) - 8);
  }
  await until(() => writers.every(({ sent }) => sent === messages_each));
  await until(() => members.every(({ shown }) => shown.at(-1)?.convSeq === total));
  expect(events).toBeGreaterThan(total * founders.length);

  const group = await ann.client.groups.get(conv);
  expect(group).toMatchObject({ members: members.length, crowd: true, head: total });

  const auditor = await Wire.connect(relay.url, await devToken(relay.url, 'ann'), 'auditor');
  const stored = await auditor.history(conv);
  auditor.drop();
  const shown = (member: Member): [string, Seen[]] => [`shown to ${member.name}`, member.shown];
  ledger.check({ stored, ...Object.fromEntries(writers.map(shown)) });
  for (const late of members.slice(founders.length)) {
    // From where she came in, everything, once and in order.
    const first = late.shown[0]?.convSeq ?? 0;
    expect(first, `${late.name} saw something`).toBeGreaterThan(0);
    const texts = late.shown.map(({ sender, text }) => ({ sender, text }));
    expect(texts, `shown to ${late.name}`).toEqual(stored.slice(first - 1));
  }
});
