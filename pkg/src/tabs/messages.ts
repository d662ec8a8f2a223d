/**
 * What the tabs of a browser say to each other: tabs to the one that leads, and it to them. They
 * are of the same version of this file, which the name of their channel carries.
 */
import type { ConnectionState, EventName, Events, Failure, Stats } from '../types.js';
import type { wasm } from '../wasm.js';
import type { PlacesRecord } from './places.js';

/** Raise it with every change here that tabs of the version before would not understand. */
export const TABS_VERSION = 1;

/** Random, for as long as the tab's client lives. */
export type TabId = string;

/** Which leader: a later one has a higher term. */
export type Term = number;

/** What a tab wants done, by the one that leads. */
export type Work = { request: wasm.Request } | { broadcasts: true } | { opened: number };

/** Something that happened, in the numbered stream of one term. */
export type StreamItem =
  /** The cursor waits behind it. */
  | { deliver: EventName; event: Events[EventName] }
  /** Nothing waits for it. `isRestored`: it tells how things stand, and not of something new. */
  | { emit: EventName; event: Events[EventName]; isRestored?: boolean }
  /** Whoever took everything before this is at these places, at least. */
  | { passed: PlacesRecord };

/** What the one that leads has to know of a tab. */
export interface TabState {
  /** Whether it hands over what comes: it is connected, and has a handler of `message`. */
  isTaking: boolean;
  /** Whether it has a handler of `broadcast`. */
  showsBroadcasts: boolean;
  isHidden: boolean;
}

/** A message of the outbox: how it came there, and how it stands. */
export type OutboxItem = Events['status'];

/** How things stand, for one that joins. */
export interface Snapshot {
  state: ConnectionState;
  /** The last one, if nothing was lost since. */
  synced?: Events['synced'];
  outbox: OutboxItem[];
}

interface FromTab {
  from: TabId;
  /** The one that leads; left out if that is not known. */
  to?: TabId;
}

/** From a tab. */
export type TabMessage = FromTab &
  (
    | { type: 'ask' }
    | {
        type: 'join';
        term: Term;
        state: TabState;
        /** What it has from earlier leaders. */
        places?: PlacesRecord;
        wantsConnection: boolean;
      }
    | { type: 'changed'; term: Term; state: TabState }
    | { type: 'connect' | 'disconnect' | 'alive'; term: Term }
    /** It has taken everything up to this number. */
    | { type: 'taken'; term: Term; upTo: number }
    /** It lacks what comes after this number. */
    | { type: 'again'; term: Term; after: number }
    /** `isRepeated`: an earlier leader may have done it. */
    | { type: 'call'; term: Term; id: number; work: Work; isRepeated: boolean }
    | { type: 'bye' }
  );

/** From the one that leads. */
export type LeaderMessage = FromTab & { term: Term } &
  /** `last`: the number of the newest item. */
  (
    | { type: 'here'; slot?: number; last: number; tabs: number; stats?: Stats }
    | {
        type: 'welcome';
        /** The number of the next item. */
        next: number;
        /** For one that has none of its own. */
        places: PlacesRecord;
        snapshot: Snapshot;
      }
    | {
        type: 'items';
        /** Number of the first one. */
        first: number;
        /** Left out, with null, what is old news to one that gets them again. */
        items: (StreamItem | null)[];
      }
    /** It missed what cannot be told again, of everything or of one large conversation. */
    | { type: 'behind'; next?: number; places: PlacesRecord; conv?: string }
    | { type: 'answer'; id: number; value: unknown }
    | { type: 'failed'; id: number; failure: Failure }
    | { type: 'sign' }
    | { type: 'gone' }
  );

export type Message = TabMessage | LeaderMessage;

/** Without what those who post fill in. */
export type Unsent<M extends Message> = M extends Message ? Omit<M, 'from'> : never;

const OF_LEADER = new Set<string>([
  'here',
  'welcome',
  'items',
  'behind',
  'answer',
  'failed',
  'sign',
  'gone',
]);

export const isOfLeader = (message: Message): message is LeaderMessage =>
  OF_LEADER.has(message.type);
