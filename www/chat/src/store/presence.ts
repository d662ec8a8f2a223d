// Who is there, as far as they let others see it.
import type { Presence } from 'seqline';

/** By user. */
export type Presences = Map<string, Presence>;

export function applyPresence(presences: Presences, users: Presence[]): void {
  for (const presence of users) presences.set(presence.user, presence);
}

export const isOnline = (presences: Presences, user: string | undefined): boolean =>
  user !== undefined && presences.get(user)?.online === true;
