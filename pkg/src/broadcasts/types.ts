/** What an app sees of the public mailbox. */
import type { Body } from '../types.js';

/** A message to all users of an app, or to some of them, as this user reads it. */
export interface Broadcast {
  id: number;
  /** 1 for the first text, one more for each change of it. */
  version: number;
  /** What the body is, as with messages. */
  kind: string;
  /** A headline, plain text. */
  title: string;
  body: Body;
  /** When it was first shown to anyone. */
  publishedAt: number;
  /** When it ceases to be shown. */
  expiresAt?: number;
  /** Whether each device shows it as new, or only the first one of a user. */
  everyDevice: boolean;
  /** Whether it was shown to this user as new, here or on another device. */
  seen: boolean;
  /** Whether this user opened it, here or on another device. */
  opened: boolean;
}

/**
 * What happened to a broadcast:
 * - `new`: to be put before the user;
 * - `changed`: it reads differently than when the app was told last;
 * - `seen`: another device has shown or opened it, or it comes to this device after it was shown on
 *   another one. To be listed, and not to be put before the user again;
 * - `withdrawn`: to be removed wherever it is shown. It has been removed from the storage.
 */
export type BroadcastEvent =
  | { change: 'new' | 'changed' | 'seen'; id: number; broadcast: Broadcast }
  | { change: 'withdrawn'; id: number; broadcast?: never };
