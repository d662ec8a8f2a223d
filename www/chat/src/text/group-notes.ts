// What happened to a group, in a sentence.
import type { GroupChange } from 'seqline';

/** Users named before "and 3 others". */
const NAMED_MAX = 3;

/** @param me is called "you" */
export function noteText(change: GroupChange, me: string): string {
  const by = change.by === undefined ? 'The app' : name(change.by, me, true);
  switch (change.op) {
    case 'created': {
      const others = change.users.filter((user) => user !== change.by);
      const added = others.length > 0 ? ` with ${list(others, me)}` : '';
      return `${by} created “${change.title}”${added}`;
    }
    case 'joined':
      return isAlone(change) ? `${by} joined` : `${by} added ${list(change.users, me)}`;
    case 'left':
      return `${list(change.users, me, true)} left`;
    case 'removed':
      return `${by} removed ${list(change.users, me)}`;
    case 'role': {
      const whose = name(change.user, me);
      if (change.role === 'owner') return `${by} made ${whose} the owner`;
      return change.role === 'admin'
        ? `${by} made ${whose} an admin`
        : `${by} made ${whose} a plain member`;
    }
    case 'muted':
      return `${by} ${change.until > 0 ? 'muted' : 'unmuted'} ${name(change.user, me)}`;
    case 'muted_all':
      return `${by} allowed ${change.muted ? 'only admins to write' : 'everyone to write again'}`;
    case 'edited':
      return `${by} ${editText(change)}`;
    case 'dissolved':
      return `${by} dissolved it`;
  }
}

function editText({ title, announcement }: Extract<GroupChange, { op: 'edited' }>): string {
  if (title !== undefined) return `named it “${title}”`;
  if (announcement === '') return 'removed the announcement';
  if (announcement !== undefined) return `announced: ${announcement}`;
  return 'changed who may join';
}

const isAlone = ({ by, users }: { by?: string; users: string[] }): boolean =>
  users.length === 1 && users[0] === by;

function list(users: string[], me: string, isFirst = false): string {
  const named = users.slice(0, NAMED_MAX).map((user, at) => name(user, me, isFirst && at === 0));
  const more = users.length - named.length;
  if (more > 0) return `${named.join(', ')} and ${more} ${more === 1 ? 'other' : 'others'}`;
  const last = named.pop() ?? '';
  return named.length === 0 ? last : `${named.join(', ')} and ${last}`;
}

function name(user: string, me: string, isFirst = false): string {
  if (user !== me) return user;
  return isFirst ? 'You' : 'you';
}
