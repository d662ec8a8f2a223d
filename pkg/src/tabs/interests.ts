/** Whose presence and which rooms a tab asked for: the tabs' one session hears of all of them. */
import type { Events } from '../types.js';
import type { wasm } from '../wasm.js';

type Call = Extract<wasm.Request, { call: unknown }>['call'];

/** Of one tab. */
export class Interests {
  readonly users = new Set<string>();
  readonly rooms = new Set<string>();

  /** It calls a method of the relay. */
  note({ method, params }: Call): void {
    switch (method) {
      case 'presence.watch':
        for (const user of usersOf(params)) this.users.add(user);
        break;
      case 'presence.unwatch':
        for (const user of usersOf(params)) this.users.delete(user);
        break;
      case 'rooms.join':
        this.rooms.add(roomOf(params));
        break;
      case 'rooms.leave':
        this.rooms.delete(roomOf(params));
    }
  }

  /** What of the event is for this tab; none if nothing is. */
  presence({ users }: Events['presence']): Events['presence'] | undefined {
    const ours = users.filter(({ user }) => this.users.has(user));
    return ours.length > 0 ? { users: ours } : undefined;
  }
}

/**
 * What is to be asked of the relay when one tab calls it, as far as the others allow: what
 * they still want goes on. None if there is nothing to ask.
 */
export function withinInterests(call: Call, others: Iterable<Interests>): Call | undefined {
  if (call.method === 'presence.unwatch') {
    const users = usersOf(call.params).filter((user) => !some(others, (tab) => tab.users, user));
    return users.length > 0 ? { ...call, params: JSON.stringify({ users }) } : undefined;
  }
  const isWanted =
    call.method === 'rooms.leave' && some(others, (tab) => tab.rooms, roomOf(call.params));
  return isWanted ? undefined : call;
}

/** What to call when a tab is gone, with all that only it had asked for. */
export function endOf({ users, rooms }: Interests): Call[] {
  const calls = [...rooms].map((conv) => ({
    method: 'rooms.leave',
    params: JSON.stringify({ conv }),
  }));
  if (users.size === 0) return calls;
  return [...calls, { method: 'presence.unwatch', params: JSON.stringify({ users: [...users] }) }];
}

function some(
  tabs: Iterable<Interests>,
  names: (tab: Interests) => ReadonlySet<string>,
  name: string,
): boolean {
  for (const tab of tabs) if (names(tab).has(name)) return true;
  return false;
}

const usersOf = (params: string): string[] => (JSON.parse(params) as { users: string[] }).users;
const roomOf = (params: string): string => (JSON.parse(params) as { conv: string }).conv;
