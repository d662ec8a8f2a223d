import type { Events, Group, GroupChange, Member } from 'seqline';
import { beforeEach, describe, expect, test } from 'vitest';

import {
  applyChange,
  applyGroup,
  applyMembers,
  createFacts,
  isAdmin,
  membersInOrder,
  whySilent,
  type GroupFacts,
} from '../../src/store/groups.ts';
import { noteText } from '../../src/text/group-notes.ts';
import { me, peer } from './builders.ts';

const conv = 'group:team';
const now = 1_000_000;

const member = (user: string, given: Partial<Member> = {}): Member => ({
  user,
  role: 'member',
  joinedAt: 1,
  mutedUntil: 0,
  ...given,
});

function group(given: Partial<Group> = {}): Group {
  return {
    conv,
    owner: peer,
    title: 'Team',
    announcement: '',
    join: 'invited',
    muted: false,
    dissolved: false,
    crowd: false,
    members: 3,
    head: 0,
    createdAt: 1,
    own: member(me),
    ...given,
  };
}

// Distributed over each change.
type What = GroupChange extends infer T
  ? T extends unknown
    ? Omit<T, 'conv' | 'at'>
    : never
  : never;

let seq = 0;
const change = (what: What) => {
  seq += 1;
  return { conv, at: now + seq, seq, ...what } as Events['group'];
};

let facts: GroupFacts;

beforeEach(() => {
  facts = createFacts();
  applyGroup(facts, group());
  applyMembers(facts, [member(me), member(peer, { role: 'owner' }), member('carol')]);
});

const happens = (what: What) => {
  applyChange(facts, change(what), me);
};
const names = () => membersInOrder(facts).map(({ user, role }) => `${user} ${role}`);

describe('members', () => {
  test('stand in the order of their power, then of their names', () => {
    applyMembers(facts, [member('zoe', { role: 'admin' })]);
    expect(names()).toEqual(['bob owner', 'zoe admin', 'alice member', 'carol member']);
  });

  test('are all known after the last page, and its owner from the beginning', () => {
    const made = createFacts();
    applyChange(made, change({ op: 'created', by: peer, users: [me], title: 'T' }), me);
    expect(membersInOrder(made).map(({ user }) => user)).toEqual([peer, me]);
    applyMembers(made, [member('carol')], 'carol');
    expect(made).toMatchObject({ hasAllMembers: false, nextMembers: 'carol' });
    applyMembers(made, [member('dave')]);
    expect(made.hasAllMembers).toBe(true);
    expect(made.nextMembers).toBeUndefined();
  });

  test('come and go, and are counted', () => {
    happens({ op: 'joined', by: peer, users: ['dave', 'carol'] });
    expect(facts.group?.members).toBe(4);
    happens({ op: 'removed', by: peer, users: ['dave'] });
    happens({ op: 'left', by: 'carol', users: ['carol'] });
    expect(names()).toEqual(['bob owner', 'alice member']);
    expect(facts.group?.members).toBe(2);
  });

  test('become admins; an owner who gives it away stays as an admin', () => {
    happens({ op: 'role', by: peer, user: me, role: 'admin' });
    expect(isAdmin(facts)).toBe(true);
    happens({ op: 'role', by: peer, user: me, role: 'owner' });
    expect(names()).toEqual(['alice owner', 'bob admin', 'carol member']);
    expect(facts.group?.owner).toBe(me);
  });
});

describe('writing', () => {
  const why = () => whySilent(facts, conv, now);

  test('is possible for members, and not for those who are out', () => {
    expect(why()).toBeUndefined();
    happens({ op: 'removed', by: peer, users: [me] });
    expect(why()).toContain('removed');
    happens({ op: 'joined', by: peer, users: [me] });
    expect(why()).toBeUndefined();
    happens({ op: 'dissolved', by: peer });
    expect(why()).toContain('dissolved');
  });

  test('ends where all but admins are muted, and for who is muted alone', () => {
    happens({ op: 'muted_all', by: peer, muted: true });
    expect(why()).toContain('Only admins');
    happens({ op: 'role', by: peer, user: me, role: 'admin' });
    expect(why()).toBeUndefined();
    happens({ op: 'role', by: peer, user: me, role: 'member' });
    happens({ op: 'muted_all', by: peer, muted: false });
    happens({ op: 'muted', by: peer, user: me, until: now + 1 });
    expect(why()).toContain('muted you');
    expect(whySilent(facts, conv, now + 2)).toBeUndefined();
  });

  test('in a channel is for admins', () => {
    expect(whySilent(facts, 'channel:news', now)).toContain('Only admins publish');
    happens({ op: 'role', by: peer, user: me, role: 'admin' });
    expect(whySilent(facts, 'channel:news', now)).toBeUndefined();
  });
});

test('what is edited is known, and what happened is noted once', () => {
  const edit = change({ op: 'edited', by: peer, title: 'Crew', announcement: 'At nine.' });
  applyChange(facts, edit, me);
  applyChange(facts, edit, me);
  expect(facts.group).toMatchObject({ title: 'Crew', announcement: 'At nine.', join: 'invited' });
  expect(facts.notes).toHaveLength(1);
});

test('notes are bounded', () => {
  for (let at = 0; at < 150; at += 1) happens({ op: 'joined', by: peer, users: [`u${at}`] });
  expect(facts.notes).toHaveLength(100);
  expect(facts.notes.at(-1)).toMatchObject({ users: ['u149'] });
});

test.each<[What, string]>([
  [{ op: 'created', by: peer, users: [me], title: 'Team' }, 'bob created “Team” with you'],
  [{ op: 'joined', by: me, users: [peer, 'carol'] }, 'You added bob and carol'],
  [{ op: 'joined', by: peer, users: [me] }, 'bob added you'],
  [{ op: 'joined', by: 'carol', users: ['carol'] }, 'carol joined'],
  [{ op: 'joined', users: ['a', 'b', 'c', 'd', 'e'] }, 'The app added a, b, c and 2 others'],
  [{ op: 'left', by: me, users: [me] }, 'You left'],
  [{ op: 'removed', by: peer, users: ['carol'] }, 'bob removed carol'],
  [{ op: 'role', by: peer, user: me, role: 'admin' }, 'bob made you an admin'],
  [{ op: 'role', by: me, user: peer, role: 'owner' }, 'You made bob the owner'],
  [{ op: 'muted', by: peer, user: me, until: 5 }, 'bob muted you'],
  [{ op: 'muted', by: peer, user: 'carol', until: 0 }, 'bob unmuted carol'],
  [{ op: 'muted_all', by: peer, muted: true }, 'bob allowed only admins to write'],
  [{ op: 'edited', by: peer, title: 'Crew' }, 'bob named it “Crew”'],
  [{ op: 'edited', by: peer, announcement: 'Hi' }, 'bob announced: Hi'],
  [{ op: 'dissolved', by: peer }, 'bob dissolved it'],
])('%j reads as a sentence', (what, sentence) => {
  expect(noteText(change(what), me)).toBe(sentence);
});
