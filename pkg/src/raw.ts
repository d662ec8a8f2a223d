/** What the session gives and takes: snake_case names, microseconds, bodies as text. */
import type { ConnectionState, Failure, Priority, Status } from './types.js';

export interface RawMessage {
  msg_id: number;
  client_msg_id: string;
  sender: string;
  conv: string;
  conv_seq: number;
  kind: string;
  body: string;
  priority?: Priority;
  created_us: number;
  expires_us?: number;
  recalled?: boolean;
}

export interface RawReceipt {
  conv: string;
  user: string;
  delivered: number;
  read: number;
}

export interface RawConversation {
  conv: string;
  head: number;
  last?: RawMessage;
  unread: number;
  read: number;
  receipts?: RawReceipt[];
  active_us: number;
}

export interface RawBroadcast {
  id: number;
  version: number;
  kind: string;
  title: string;
  body: string;
  published_us: number;
  expires_us?: number;
}

export interface RawSent {
  msg_id: number;
  conv: string;
  conv_seq: number;
  created_us: number;
}

export interface RawDraft {
  client_msg_id: string;
  to: { user: string } | { conv: string };
  kind: string;
  body: string;
  priority?: Priority;
  expires_us?: number;
}

export interface RawHistory {
  messages: RawMessage[];
  more: boolean;
}

export interface RawConversations {
  conversations: RawConversation[];
  next?: string;
}

/** Events that the app must take before the cursor moves past them. */
export type RawDelivered =
  | { type: 'message'; seq: number; message: RawMessage; own: boolean }
  | { type: 'receipt'; seq: number; receipt: RawReceipt }
  | { type: 'read'; seq: number; conv: string; conv_seq: number }
  | { type: 'recall'; seq: number; conv: string; conv_seq: number; msg_id: number; by: string }
  | {
      type: 'broadcast';
      pub_seq: number;
      id: number;
      op: 'published' | 'changed' | 'withdrawn';
      broadcast?: RawBroadcast;
    }
  | { type: 'reset'; reason: 'epoch_changed' | 'below_floor' | 'ahead_of_head'; head: number };

export type RawState =
  | Extract<ConnectionState, { state: 'disconnected' | 'connected' }>
  | { state: 'connecting'; attempt: number; retry_in_ms: number; offline: boolean };

/** Events that nothing waits for. */
export type RawEvent =
  | ({ type: 'state' } & RawState)
  | {
      type: 'status';
      client_msg_id: string;
      status: Status;
      draft?: RawDraft;
      sent?: RawSent;
      failure?: Failure;
    }
  | { type: 'synced'; cursor: number }
  | { type: 'kicked'; reason: 'replaced' | 'device_policy' | 'session_ended'; message: string }
  | { type: 'ephemeral'; conv: string; sender: string; kind: string; body: string }
  | ({ type: 'error' } & Failure);

export interface RawStats {
  rtt_ms?: number;
  heartbeat_ms: number;
  connects: number;
  losses: number;
  retransmissions: number;
  duplicates_dropped: number;
  gaps_healed: number;
  resets: number;
  cursor: number;
  head: number;
  outbox: number;
  inbox: number;
  frames_in: number;
  frames_out: number;
  bytes_in: number;
  bytes_out: number;
}
