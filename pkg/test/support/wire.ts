/** The frames of `docs/protocol.md` that these tests speak, as far as they look into them. */

export interface WireMessage {
  msg_id: number;
  client_msg_id: string;
  sender: string;
  conv: string;
  conv_seq: number;
  kind: string;
  body: string;
  created_us: number;
  expires_us?: number;
  priority?: 'low' | 'normal' | 'high';
  recalled?: boolean;
  edited_us?: number;
  mentions?: string[];
}

export interface WireEntry {
  seq: number;
  item: Record<string, unknown>;
}

/** A change of the public mailbox; without `broadcast` one is withdrawn. */
export interface WireChange {
  id: number;
  broadcast?: ReturnType<typeof wireBroadcast>;
}

/** A frame: one name, and what is in it. */
export type Frame = Record<string, Record<string, unknown>>;

export const CREATED_US = 1_795_248_000_123_456;
export const CREATED_MS = 1_795_248_000_123;

/** The nth message of a conversation, from bob to alice unless said otherwise. */
export function wireMessage(n: number, changes: Partial<WireMessage> = {}): WireMessage {
  return {
    msg_id: 100 + n,
    client_msg_id: `from-bob-${n}`,
    sender: 'bob',
    conv: 'dm:alice:bob',
    conv_seq: n,
    kind: 'text',
    body: `text ${n}`,
    created_us: CREATED_US,
    ...changes,
  };
}

export const messageEntry = (seq: number, changes: Partial<WireMessage> = {}): WireEntry => ({
  seq,
  item: { message: wireMessage(seq, changes) },
});

export const wireBroadcast = (id: number, changes: object = {}) => ({
  id,
  version: 1,
  kind: 'text',
  title: `Title ${id}`,
  body: `Body ${id}`,
  published_us: CREATED_US + id,
  ...changes,
});

/** A broadcast is shown, or reads differently now. */
export const shows = (id: number, changes: object = {}): WireChange => ({
  id,
  broadcast: wireBroadcast(id, changes),
});
