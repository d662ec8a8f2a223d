/** From the session's values to the app's. */
import { toApp } from './names.js';
import type { DeliveredName, RawConversation, RawDelivered, RawGroupChange } from './raw.js';
import { peerOf } from './conversations.js';
import type { Conversation, Events, Stats } from './types.js';

export function conversation(raw: RawConversation, user: string | undefined): Conversation {
  const peer = user === undefined ? undefined : peerOf(raw.conv, user);
  return {
    receipts: [],
    crowd: false,
    ...(toApp(raw) as object),
    ...(peer === undefined ? {} : { peer }),
  } as unknown as Conversation;
}

export function delivered(raw: RawDelivered): Events[DeliveredName] {
  const { message, receipt, change, ...rest } = raw;
  const fields = toApp(rest) as Partial<RawDelivered>;
  delete fields.type;
  return {
    ...(toApp(message ?? receipt ?? (change && flat(change))) as object | undefined),
    ...fields,
  } as Events[DeliveredName];
}

/** What happened to a group: its name beside what belongs to it. */
function flat({ op, ...rest }: RawGroupChange): object {
  if (typeof op === 'string') return { ...rest, op };
  const [[name, content] = []] = Object.entries(op);
  return { ...rest, op: name, ...content };
}

/** Before the session is made. */
export const NO_STATS: Stats = {
  transport: 'socket',
  engine: 'wasm',
  heartbeatMs: 0,
  network: 'unknown',
  connects: 0,
  losses: 0,
  retransmissions: 0,
  duplicatesDropped: 0,
  gapsHealed: 0,
  resets: 0,
  cursor: 0,
  head: 0,
  crowds: 0,
  outbox: 0,
  inbox: 0,
  framesIn: 0,
  framesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  role: 'alone',
  tabs: 1,
};
