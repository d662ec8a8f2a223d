/** Own messages that have no place in a conversation yet, in the order of sending. */
import { directConversation } from '../conversations.js';
import type { Body, DraftMessage, Events, Failure, Message, Sent, Target } from '../types.js';

/** Kept, at most: more than the client's outbox takes. Stored ones are let go of first. */
const OUTGOING_MAX = 2_000;

export interface Outgoing {
  clientMsgId: string;
  to: Target;
  draft: Omit<DraftMessage, 'to' | 'clientMsgId'> & { kind: string; body: Body };
  status: 'queued' | 'sending' | 'sent' | 'failed';
  /** When it was sent, if that was here. */
  at?: number;
  /** True until the client has told of it. */
  isUntaken?: boolean;
  /** Where it is stored, while older messages of the conversation are still missing. */
  sent?: Sent;
  /** Why, with `failed`. */
  failure?: Failure;
}

export class Outbox {
  readonly #messages = new Map<string, Outgoing>();

  get(clientMsgId: string): Outgoing | undefined {
    return this.#messages.get(clientMsgId);
  }

  delete(clientMsgId: string): void {
    this.#messages.delete(clientMsgId);
  }

  /** Those of a conversation: those that are stored first, then in the order of sending. */
  of(conv: string, user: string | undefined): Outgoing[] {
    const own = [...this.#messages.values()].filter((message) => convOf(message, user) === conv);
    const stored = own.filter(({ sent }) => sent);
    stored.sort((a, b) => (a.sent?.convSeq ?? 0) - (b.sent?.convSeq ?? 0));
    return [...stored, ...own.filter(({ sent }) => !sent)];
  }

  /** The client tells of a message that is sent, or that comes back from storage. */
  add({ clientMsgId, to, ...draft }: NonNullable<Events['status']['draft']>): void {
    if (this.#messages.has(clientMsgId)) return;
    this.#messages.set(clientMsgId, { clientMsgId, to, draft, status: 'queued' });
    this.#bound();
  }

  /** A message is given to the client, which may have told of it already. */
  addSent(draft: NonNullable<Events['status']['draft']>, at: number): void {
    const { clientMsgId } = draft;
    const isUntaken = !this.#messages.has(clientMsgId);
    this.add(draft);
    const message = this.#messages.get(clientMsgId);
    if (message) this.#messages.set(clientMsgId, { ...message, at, isUntaken });
  }

  /** A message's state changed. It goes forward only, apart from a retry. */
  advance({ clientMsgId, status, sent, failure }: Events['status']): Outgoing | undefined {
    const message = this.#messages.get(clientMsgId);
    // What was stored once cannot become unsent.
    if (!message || message.sent) return message;
    const hadFailed = message.status === 'failed';
    const now = { ...message };
    delete now.failure;
    delete now.isUntaken;
    if (sent) Object.assign(now, { status: 'sent', sent });
    else if (status === 'failed') Object.assign(now, { status, ...(failure ? { failure } : {}) });
    else if (status === 'sending' || hadFailed) now.status = asWaiting(status);
    // One that is tried again goes after those that were sent meanwhile.
    if (hadFailed && !sent && status !== 'failed') this.#messages.delete(clientMsgId);
    this.#messages.set(clientMsgId, now);
    return now;
  }

  /** All numbering is void: what is stored will be read again. */
  forgetStored(): void {
    for (const [id, { sent }] of this.#messages) if (sent) this.#messages.delete(id);
  }

  #bound(): void {
    if (this.#messages.size <= OUTGOING_MAX) return;
    const stored = [...this.#messages.values()].find(({ sent }) => sent);
    const [oldest] = stored ? [stored.clientMsgId] : this.#messages.keys();
    if (oldest !== undefined) this.#messages.delete(oldest);
  }
}

const asWaiting = (status: string): 'queued' | 'sending' =>
  status === 'sending' ? 'sending' : 'queued';

/** Which conversation it is of; unknown while it is not known who this user is. */
function convOf({ to, sent }: Outgoing, user: string | undefined): string | undefined {
  if (sent) return sent.conv;
  if ('conv' in to) return to.conv;
  return user === undefined ? undefined : directConversation(user, to.user);
}

/** An own message as the relay has stored it. */
export function storedForm({ clientMsgId, draft }: Outgoing, sent: Sent, user: string): Message {
  const { kind, body, priority = 'normal', mentions = [], expiresAt, key, business } = draft;
  return {
    ...sent,
    clientMsgId,
    sender: user,
    kind,
    body,
    priority,
    recalled: false,
    replaced: false,
    mentions,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(key === undefined ? {} : { key }),
    ...(business === undefined ? {} : { business }),
  };
}
