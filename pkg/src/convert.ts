/** From the session's values to the app's: camelCase, milliseconds, bodies parsed. */
import type {
  RawBroadcast,
  RawConversation,
  RawDelivered,
  RawDraft,
  RawMessage,
  RawSent,
  RawState,
  RawStats,
} from './raw.js';
import type {
  Body,
  Broadcast,
  ConnectionState,
  Conversation,
  DraftMessage,
  Events,
  Message,
  Sent,
  Stats,
} from './types.js';

/** Events that are handed over with the cursor behind them, by name. */
export type DeliveredName = RawDelivered['type'];

const toMs = (us: number) => Math.floor(us / 1000);

const expiry = (us: number | undefined) => (us === undefined ? {} : { expiresAt: toMs(us) });

/** Kind `text` is what it is; anything else is JSON, or text if it is not valid JSON. */
export function bodyOf(kind: string, body: string): Body {
  if (kind === 'text') return body;
  try {
    return JSON.parse(body) as Body;
  } catch {
    return body;
  }
}

export function message(raw: RawMessage): Message {
  return {
    msgId: raw.msg_id,
    clientMsgId: raw.client_msg_id,
    sender: raw.sender,
    conv: raw.conv,
    convSeq: raw.conv_seq,
    kind: raw.kind,
    body: bodyOf(raw.kind, raw.body),
    priority: raw.priority ?? 'normal',
    createdAt: toMs(raw.created_us),
    ...expiry(raw.expires_us),
    recalled: raw.recalled ?? false,
  };
}

export function sent(raw: RawSent): Sent {
  return {
    msgId: raw.msg_id,
    conv: raw.conv,
    convSeq: raw.conv_seq,
    createdAt: toMs(raw.created_us),
  };
}

export function draft(raw: RawDraft): DraftMessage & { clientMsgId: string; kind: string } {
  return {
    clientMsgId: raw.client_msg_id,
    to: raw.to,
    kind: raw.kind,
    body: bodyOf(raw.kind, raw.body),
    priority: raw.priority ?? 'normal',
    ...expiry(raw.expires_us),
  };
}

export function conversation(raw: RawConversation, user: string | undefined): Conversation {
  const peer = peerOf(raw.conv, user);
  return {
    conv: raw.conv,
    ...(peer === undefined ? {} : { peer }),
    head: raw.head,
    ...(raw.last ? { last: message(raw.last) } : {}),
    unread: raw.unread,
    read: raw.read,
    receipts: raw.receipts ?? [],
    activeAt: toMs(raw.active_us),
  };
}

/** The other one of `dm:A:B`; oneself for notes to oneself. */
function peerOf(conv: string, user: string | undefined): string | undefined {
  const [form, low, high] = conv.split(':');
  return form === 'dm' ? (low === user ? high : low) : undefined;
}

function broadcast(raw: RawBroadcast): Broadcast {
  return {
    id: raw.id,
    version: raw.version,
    kind: raw.kind,
    title: raw.title,
    body: bodyOf(raw.kind, raw.body),
    publishedAt: toMs(raw.published_us),
    ...expiry(raw.expires_us),
  };
}

export function state(raw: RawState): ConnectionState {
  switch (raw.state) {
    case 'disconnected':
      return { state: raw.state, reason: raw.reason };
    case 'connecting':
      return {
        state: raw.state,
        attempt: raw.attempt,
        retryInMs: raw.retry_in_ms,
        offline: raw.offline,
      };
    case 'connected':
      return { state: raw.state, user: raw.user, session: raw.session };
  }
}

export function delivered(raw: RawDelivered): Events[DeliveredName] {
  switch (raw.type) {
    case 'message':
      return { ...message(raw.message), seq: raw.seq, own: raw.own };
    case 'receipt':
      return { ...raw.receipt, seq: raw.seq };
    case 'read':
      return { seq: raw.seq, conv: raw.conv, convSeq: raw.conv_seq };
    case 'recall':
      return {
        seq: raw.seq,
        conv: raw.conv,
        convSeq: raw.conv_seq,
        msgId: raw.msg_id,
        by: raw.by,
      };
    case 'broadcast':
      return {
        id: raw.id,
        pubSeq: raw.pub_seq,
        op: raw.op,
        ...(raw.broadcast ? { broadcast: broadcast(raw.broadcast) } : {}),
      };
    case 'reset':
      return { reason: raw.reason, head: raw.head };
  }
}

export function stats(raw: RawStats): Stats {
  return {
    ...(raw.rtt_ms === undefined ? {} : { rttMs: raw.rtt_ms }),
    heartbeatMs: raw.heartbeat_ms,
    connects: raw.connects,
    losses: raw.losses,
    retransmissions: raw.retransmissions,
    duplicatesDropped: raw.duplicates_dropped,
    gapsHealed: raw.gaps_healed,
    resets: raw.resets,
    cursor: raw.cursor,
    head: raw.head,
    outbox: raw.outbox,
    inbox: raw.inbox,
    framesIn: raw.frames_in,
    framesOut: raw.frames_out,
    bytesIn: raw.bytes_in,
    bytesOut: raw.bytes_out,
  };
}

/** Before the session is made. */
export const NO_STATS: Stats = stats({
  heartbeat_ms: 0,
  connects: 0,
  losses: 0,
  retransmissions: 0,
  duplicates_dropped: 0,
  gaps_healed: 0,
  resets: 0,
  cursor: 0,
  head: 0,
  outbox: 0,
  inbox: 0,
  frames_in: 0,
  frames_out: 0,
  bytes_in: 0,
  bytes_out: 0,
});
