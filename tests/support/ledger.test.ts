import { describe, expect, test } from 'vitest';

import { Ledger, type Seen } from './ledger.ts';

const by = (sender: string, ...texts: string[]): Seen[] => texts.map((text) => ({ sender, text }));

function ledgerOf(...sent: Seen[]): Ledger {
  const ledger = new Ledger();
  for (const { sender, text } of sent) ledger.add(sender, text);
  return ledger;
}

describe('a ledger', () => {
  const sent = [...by('alice', 'a1', 'a2', 'a3'), ...by('bob', 'b1')];
  const ledger = ledgerOf(...sent);
  const problems = (...seen: Seen[]) => ledger.problems('page', seen);

  test('finds nothing wrong with what was sent, however senders are mixed', () => {
    expect(problems(...by('bob', 'b1'), ...by('alice', 'a1', 'a2', 'a3'))).toEqual([]);
    expect(problems(...sent)).toEqual([]);
  });

  test('names what is lost', () => {
    expect(problems(...by('alice', 'a1', 'a3'))).toEqual([
      'page, from alice: lost 1 of 3: "a2"',
      'page, from bob: lost 1 of 1: "b1"',
    ]);
  });

  test('names what is doubled, next to each other or not', () => {
    expect(problems(...sent, ...by('alice', 'a1'))).toEqual([
      'page, from alice: doubled 1: "a1" (2 times)',
    ]);
    expect(problems(...sent, ...by('bob', 'b1', 'b1'))).toEqual([
      'page, from bob: doubled 1: "b1" (3 times)',
    ]);
  });

  test('names what is out of order', () => {
    expect(problems(...by('alice', 'a2', 'a1', 'a3'), ...by('bob', 'b1'))).toEqual([
      'page, from alice: out of order 1: "a1" after "a2"',
    ]);
  });

  test('expects no order of two devices', () => {
    const ledger = new Ledger();
    ledger.add('alice', 'a1', 'phone');
    ledger.add('alice', 'a2', 'laptop');
    ledger.add('alice', 'a3', 'phone');
    expect(ledger.problems('page', by('alice', 'a1', 'a3', 'a2'))).toEqual([]);
    expect(ledger.problems('page', by('alice', 'a3', 'a2', 'a1'))).toEqual([
      'page, from alice: out of order 1: "a1" after "a3"',
    ]);
  });

  test('names what nobody sent, also under the name of another', () => {
    expect(problems(...sent, ...by('mallory', 'x'), ...by('bob', 'a1'))).toEqual([
      'page, from bob: never sent 1: "a1"',
      'page, from mallory: never sent 1: "x"',
    ]);
  });

  test('compares views with each other once each is complete', () => {
    const other = [...by('bob', 'b1'), ...by('alice', 'a1', 'a2', 'a3')];
    expect(() => {
      ledger.check({ one: sent, two: sent });
    }).not.toThrow();
    expect(() => {
      ledger.check({ one: sent, two: other });
    }).toThrow(`two and one differ in order: at place 1 two has bob's "b1", one has alice's "a1"`);
    expect(() => {
      ledger.check({ one: sent, two: [] });
    }).toThrow('two, from alice: lost 3 of 3: "a1", "a2", "a3"');
  });

  test('does not take the same text twice', () => {
    expect(() => {
      ledgerOf(...by('alice', 'a1', 'a1'));
    }).toThrow('already');
  });
});
