// Messages to all users: what is valid, what is in view, and what is to be put before the user.
//
// Plain data and plain functions, as with everything in this folder.
import type { Broadcast, Events } from 'seqline';

export interface Announcements {
  /** By id; also those that have expired since they came. */
  byId: Map<number, Broadcast>;
  /** Of this session: an older list must not bring them back. */
  withdrawn: Set<number>;
  /** New ones that were not looked at or put away, oldest first. */
  fresh: number[];
  /** The one in view. */
  open?: OpenAnnouncement;
}

export interface OpenAnnouncement {
  id: number;
  title: string;
  /** What happened to it since it came into view. */
  change?: 'changed' | 'withdrawn' | 'expired';
}

export const createAnnouncements = (): Announcements => ({
  byId: new Map(),
  withdrawn: new Set(),
  fresh: [],
});

/** What the client holds came. Events that came meanwhile are newer. */
export function receiveHeld(all: Announcements, held: Broadcast[]): void {
  for (const broadcast of held) {
    const { id } = broadcast;
    if (!all.byId.has(id) && !all.withdrawn.has(id)) all.byId.set(id, broadcast);
  }
}

/** Something happened to one. */
export function receiveBroadcast(all: Announcements, event: Events['broadcast']): void {
  const { change, id, broadcast } = event;
  if (change === 'withdrawn') {
    all.byId.delete(id);
    all.withdrawn.add(id);
    putAway(all, id);
    if (all.open?.id === id) all.open.change = 'withdrawn';
    return;
  }
  all.withdrawn.delete(id);
  all.byId.set(id, broadcast);
  if (change === 'new') all.fresh.push(id);
  if (broadcast.opened) putAway(all, id);
  if (change === 'changed' && all.open?.id === id) {
    all.open.change = 'changed';
    all.open.title = broadcast.title;
  }
}

/** The user looks at one. @returns whether it was not opened before */
export function openAnnouncement(all: Announcements, id: number): boolean {
  const broadcast = all.byId.get(id);
  if (!broadcast) return false;
  const isFirst = !broadcast.opened;
  all.byId.set(id, { ...broadcast, seen: true, opened: true });
  all.open = { id, title: broadcast.title };
  putAway(all, id);
  return isFirst;
}

/** Back to the list. */
export function closeAnnouncement(all: Announcements): void {
  delete all.open;
}

/** The user does not want it put before her any longer; without an id, none. */
export function putAway(all: Announcements, id?: number): void {
  all.fresh = id === undefined ? [] : all.fresh.filter((one) => one !== id);
}

/** Time has passed: what has expired is not shown any longer. */
export function dropExpired(all: Announcements, now: number): void {
  for (const [id, { expiresAt = Infinity }] of all.byId) {
    if (expiresAt > now) continue;
    all.byId.delete(id);
    putAway(all, id);
    if (all.open?.id === id) all.open.change = 'expired';
  }
}

/** Newest first. */
export const listedAnnouncements = (all: Announcements): Broadcast[] =>
  [...all.byId.values()].sort((a, b) => b.publishedAt - a.publishedAt || b.id - a.id);

/** How many the user has not opened on any device. */
export const unopenedCount = (all: Announcements): number =>
  [...all.byId.values()].filter(({ opened }) => !opened).length;

/** The new ones that are to be put before the user, newest first. */
export const freshAnnouncements = (all: Announcements): Broadcast[] =>
  all.fresh.flatMap((id) => all.byId.get(id) ?? []).reverse();
