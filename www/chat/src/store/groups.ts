// Groups and channels, as far as the page has looked at them: their facts, who belongs to
// them, and what happened while the page was open.
import type { Events, Group, GroupChange, Member, Role } from 'seqline';

/** Lines about what happened, kept of each conversation. */
const NOTES_MAX = 100;

/** What is known of one group or channel. */
export interface GroupFacts {
  /** Once the relay has told it. */
  group?: Group;
  /** Once asked for, by user. */
  members: Map<string, Member>;
  /** Whether `members` has them all. */
  hasAllMembers: boolean;
  /** Asks for the next page of members; absent before the first one. */
  nextMembers?: string;
  /** Why this user can do nothing there any more. */
  ended?: 'left' | 'removed' | 'dissolved';
  /** What happened, oldest first. */
  notes: GroupNote[];
}

/** One thing that happened to a group. */
export type GroupNote = GroupChange & { id: string };

/** By conversation. */
export type Groups = Map<string, GroupFacts>;

export const createFacts = (): GroupFacts => ({
  members: new Map(),
  hasAllMembers: false,
  notes: [],
});

/** The relay told the facts. */
export function applyGroup(facts: GroupFacts, group: Group): void {
  facts.group = group;
  if (group.dissolved) facts.ended = 'dissolved';
  else delete facts.ended;
  if (group.own) facts.members.set(group.own.user, group.own);
}

/**
 * A page of members came.
 * @param next asks for the page after it; none after the last one
 */
export function applyMembers(facts: GroupFacts, members: Member[], next?: string): void {
  for (const member of members) facts.members.set(member.user, member);
  facts.hasAllMembers = next === undefined;
  if (next === undefined) delete facts.nextMembers;
  else facts.nextMembers = next;
}

/** Something happened to the group. */
export function applyChange(facts: GroupFacts, event: Events['group'], me: string): void {
  note(facts, event);
  const { group, members } = facts;
  switch (event.op) {
    case 'created':
    case 'joined': {
      const joined = event.users.filter((user) => !members.has(user));
      for (const user of joined) members.set(user, memberSince(user, event.at));
      if (event.op === 'created' && event.by !== undefined) {
        members.set(event.by, { ...memberSince(event.by, event.at), role: 'owner' });
      }
      if (group && event.op === 'joined') group.members += joined.length;
      if (event.op === 'created' || event.users.includes(me)) delete facts.ended;
      break;
    }
    case 'left':
    case 'removed':
      for (const user of event.users) members.delete(user);
      if (group) group.members = Math.max(group.members - event.users.length, 0);
      if (event.users.includes(me)) facts.ended = event.op;
      break;
    case 'role':
      applyRole(facts, event.user, event.role);
      break;
    case 'muted':
      update(facts, event.user, { mutedUntil: event.until });
      break;
    case 'muted_all':
      if (group) group.muted = event.muted;
      break;
    case 'edited':
      if (group) {
        group.title = event.title ?? group.title;
        group.announcement = event.announcement ?? group.announcement;
        group.join = event.join ?? group.join;
      }
      break;
    case 'dissolved':
      facts.ended = 'dissolved';
      if (group) group.dissolved = true;
  }
  const own = members.get(me);
  if (group && own) group.own = own;
}

/** Owner first, then admins, then by name. */
export function membersInOrder({ members }: GroupFacts): Member[] {
  const rank: Record<Role, number> = { owner: 0, admin: 1, member: 2 };
  return [...members.values()].sort(
    (a, b) => rank[a.role] - rank[b.role] || (a.user < b.user ? -1 : 1),
  );
}

export const isAdmin = (facts: GroupFacts | undefined): boolean => {
  const role = facts?.group?.own?.role;
  return role === 'owner' || role === 'admin';
};

/**
 * Why this user cannot write there.
 * @returns a sentence for people; `undefined` if she can, as far as is known
 */
export function whySilent(facts: GroupFacts | undefined, conv: string, now: number) {
  if (!facts) return undefined;
  const isChannel = conv.startsWith('channel:');
  const what = isChannel ? 'channel' : 'group';
  if (facts.ended === 'dissolved') return `This ${what} was dissolved. Its messages stay readable.`;
  if (facts.ended === 'removed') return `You were removed from this ${what}.`;
  if (facts.ended === 'left') return `You left this ${what}.`;
  const { group } = facts;
  if (!group || isAdmin(facts)) return undefined;
  if (isChannel) return 'Only admins publish in this channel.';
  if (group.muted) return 'Only admins can write at the moment.';
  if ((group.own?.mutedUntil ?? 0) > now) return 'An admin has muted you here.';
  return undefined;
}

/** The owner is one: who was it before is an admin now. */
function applyRole(facts: GroupFacts, user: string, role: Role): void {
  if (role === 'owner') {
    for (const member of facts.members.values()) {
      if (member.role === 'owner') update(facts, member.user, { role: 'admin' });
    }
    if (facts.group) facts.group.owner = user;
  }
  update(facts, user, { role });
}

function update({ members }: GroupFacts, user: string, change: Partial<Member>): void {
  const member = members.get(user);
  if (member) members.set(user, { ...member, ...change });
}

const memberSince = (user: string, joinedAt: number): Member => ({
  user,
  role: 'member',
  joinedAt,
  mutedUntil: 0,
});

/** An event may be handed over twice. */
function note(facts: GroupFacts, { seq, crowd, ...change }: Events['group']): void {
  const id = `${crowd ? 'crowd' : 'own'} ${seq}`;
  if (facts.notes.some((known) => known.id === id)) return;
  facts.notes.push({ ...change, id });
  if (facts.notes.length > NOTES_MAX) facts.notes.shift();
}
