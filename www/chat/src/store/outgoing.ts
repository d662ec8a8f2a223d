// Own messages that have no place in a conversation's stretch yet, in order of sending.
import {
  directConversation,
  type Body,
  type DraftMessage,
  type Events,
  type Failure,
  type Sent,
} from 'seqline';

type StatusEvent = Events['status'];
type OutboxStatus = 'queued' | 'sending' | 'sent' | 'failed';

export interface OutgoingMessage {
  clientMsgId: string;
  conv: string;
  kind: string;
  body: Body;
  mentions: string[];
  status: OutboxStatus;
  /** When it was sent from this window; unknown for those that come back from storage. */
  queuedAt?: number;
  /** Where it is stored, once acknowledged while older messages are still missing here. */
  sent?: Sent;
  failure?: Failure;
}

/** By `clientMsgId`, in order of sending. */
export type Outbox = Map<string, OutgoingMessage>;

/** Takes a message into the outbox, at its end. */
export function enqueue(
  outbox: Outbox,
  draft: NonNullable<StatusEvent['draft']>,
  me: string,
): OutgoingMessage {
  const message: OutgoingMessage = {
    clientMsgId: draft.clientMsgId,
    conv: targetConversation(draft, me),
    kind: draft.kind,
    body: draft.body,
    mentions: draft.mentions ?? [],
    status: 'queued',
  };
  outbox.set(message.clientMsgId, message);
  return message;
}

/**
 * Notes how far a message in the outbox got. It goes forward only, apart from a retry.
 * @returns the message, if it is in the outbox
 */
export function advance(outbox: Outbox, event: StatusEvent): OutgoingMessage | undefined {
  const message = outbox.get(event.clientMsgId);
  if (!message) return undefined;
  const { status, sent, failure } = event;
  if (sent) {
    acknowledge(message, sent);
  } else if (message.sent) {
    // What was stored once cannot become unsent.
  } else if (status === 'failed') {
    message.status = 'failed';
    if (failure) message.failure = failure;
  } else if (status === 'sending' || (status === 'queued' && message.status === 'failed')) {
    if (message.status === 'failed') moveToEnd(outbox, message);
    message.status = status;
    delete message.failure;
  }
  return message;
}

/** Notes where a message is stored. */
export function acknowledge(message: OutgoingMessage, stored: Sent): void {
  const { msgId, conv, convSeq, createdAt } = stored;
  message.sent = { msgId, conv, convSeq, createdAt };
  message.conv = conv;
  message.status = 'sent';
  delete message.failure;
}

/** A message that is tried again goes after those that were sent meanwhile. */
function moveToEnd(outbox: Outbox, message: OutgoingMessage): void {
  outbox.delete(message.clientMsgId);
  outbox.set(message.clientMsgId, message);
}

/** The outgoing messages of a conversation: those that have a place first, then in order of sending. */
export function outgoingOf(outbox: Outbox, conv: string): OutgoingMessage[] {
  const own = [...outbox.values()].filter((message) => message.conv === conv);
  const placed = own.filter(({ sent }) => sent !== undefined);
  const unplaced = own.filter(({ sent }) => sent === undefined);
  placed.sort((a, b) => (a.sent?.convSeq ?? 0) - (b.sent?.convSeq ?? 0));
  return [...placed, ...unplaced];
}

function targetConversation({ to }: Pick<DraftMessage, 'to'>, me: string): string {
  return 'conv' in to ? to.conv : directConversation(me, to.user);
}
