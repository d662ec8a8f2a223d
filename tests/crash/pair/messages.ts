/** What the test and the processes of its two users say to each other. */

/** A message that a user wrote. */
export interface Draft {
  clientMsgId: string;
  text: string;
}

export interface Start {
  url: string;
  token: string;
  /** Where the client keeps its cursor and outbox. */
  folder: string;
  /** To whom everything goes. */
  peer: string;
  /** What was written and is not known to be sent, in order. */
  unsent: Draft[];
}

export type ToApp =
  | { start: Start }
  | { send: Draft }
  /** Take nothing that comes from now on. */
  | { hold: true }
  /** Ask the relay something. */
  | { ask: true }
  | { dispose: true };

export type FromApp =
  | { shown: { seq: number; sender: string; text: string; clientMsgId: string } }
  | { sent: { clientMsgId: string } }
  /** The relay has answered. */
  | { answered: true }
  /** There is something that is not taken. */
  | { held: true }
  | { failed: { what: string } };
