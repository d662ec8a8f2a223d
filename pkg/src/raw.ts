/** What the session gives, as far as this package looks into it: the relay's names and units. */
import type { Events, Failure } from './types.js';

/** Events that are handed over with the cursor behind them, by name. */
export type DeliveredName =
  'message' | 'edit' | 'recall' | 'delete' | 'receipt' | 'read' | 'group' | 'reset';

/** What is delivered: an event for the app, or something that changes the public mailbox here. */
export type RawDelivery =
  RawDelivered | { type: 'public'; news: RawNews } | ({ type: 'seen' } & RawSeen);

/** An event that the app must take before the cursor moves past it. */
export interface RawDelivered {
  type: DeliveredName;
  /** With `message` and `edit`. */
  message?: object;
  /** With `receipt`. */
  receipt?: object;
  /** With `group`. */
  change?: RawGroupChange;
  [field: string]: unknown;
}

export interface RawGroupChange {
  op: string | Record<string, object>;
  [field: string]: unknown;
}

/** What changed in the public mailbox. */
export interface RawNews {
  /** If present: whatever is held beside these is withdrawn. */
  held?: number[];
  /** In order. Without `broadcast` it is withdrawn. */
  changes?: { id: number; broadcast?: RawBroadcast }[];
}

export interface RawBroadcast {
  id: number;
  version: number;
  published_us: number;
  expires_us?: number;
  every_device?: boolean;
  [field: string]: unknown;
}

/** A device of this user has shown or opened a broadcast. */
export interface RawSeen {
  broadcast: number;
  opened?: boolean;
}

export interface RawConversation {
  conv: string;
  [field: string]: unknown;
}

/** Events that nothing waits for. */
export type RawEvent =
  | { type: 'state' | 'status' | 'synced' | 'ephemeral'; [field: string]: unknown }
  | ({ type: 'kicked' } & Events['kicked'])
  /** Of a name that this session asked for; JSON text. */
  | { type: 'event'; name: string; value: string }
  | ({ type: 'error' } & Failure);
