// A relay and a client in a few lines, whose answers and events arrive whenever the test
// says: pages may be old when they come, `sent` may come before or after the message
// itself, acknowledgements may be lost, a reload brings the outbox back.
import type { Conversation, Events, HistoryPage, Message } from 'seqline';

import {
  createChat,
  openConversation,
  receiveConversations,
  receiveMessage,
  receivePage,
  receiveRecall,
  receiveReset,
  receiveStatus,
  type Chat,
} from '../../src/store/chat.ts';
import { mustCatchUp, pageRequest, type PageRequest } from '../../src/store/message-window.ts';
import { conv, me, peer } from './builders.ts';
import type { Random } from './random.ts';

interface PageOnItsWay {
  request: PageRequest;
  answer?: HistoryPage;
}

/** What may happen, the more often the likelier. */
const actions = [
  ...['send', 'storeNext', 'ask', 'answer', 'deliverPage', 'deliverStatus', 'deliverEntry'],
  ...['send', 'storeNext', 'ask', 'answer', 'deliverPage', 'deliverStatus', 'deliverEntry'],
  ...['acknowledge', 'receive', 'fail', 'retry', 'recall', 'expire', 'list', 'lookElsewhere'],
  ...['reload', 'reset'],
] as const;

type TimelineEvent = { type: 'message'; message: Message } | { type: 'recall'; convSeq: number };

export class RelayModel {
  chat: Chat = createChat(me);
  stored: Message[] = [];
  /** What was sent from here. */
  sentFromHere = new Set<string>();
  /** What was sent since the page last lost its memory. */
  learned = new Set<string>();
  /** What failed at some time, and so lost its turn. */
  everFailed = new Set<string>();
  /** Whether a list came, so that unread messages are counted. */
  wasListed = false;
  /** Sent, and neither stored nor failed. */
  private unstored: string[] = [];
  private failed: string[] = [];
  /** Stored, but the client has not learned it. */
  private unacknowledged: string[] = [];
  private statuses: Events['status'][] = [];
  private timeline: TimelineEvent[] = [];
  private pages: PageOnItsWay[] = [];
  private lists: (Conversation | undefined)[] = [];
  private names = 0;

  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    const before = random.pick([0, 3, 120, 500]);
    for (let index = 0; index < before; index += 1) this.store(peer, this.name());
    this.timeline = [];
    openConversation(this.chat, conv);
  }

  /** One thing happens. */
  step(): void {
    this[this.random.pick(actions)]();
  }

  /** Everything that is on its way arrives, and the user looks at the newest messages. */
  settle(): void {
    while (this.failed.length > 0) this.retry();
    while (this.unstored.length > 0) this.storeNext();
    while (this.unacknowledged.length > 0) this.acknowledge();
    while (this.statuses.length > 0) this.deliverStatus();
    while (this.timeline.length > 0) this.deliverEntry();
    this.chat.following = true;
    this.finishPages();
    for (let rounds = 0; !this.isAtEnd; rounds += 1) {
      if (rounds > 100) throw new Error('The end is never reached.');
      if (this.window.detached) this.request('newest');
      else this.ask();
      this.finishPages();
    }
  }

  /** Scrolls one page up. @returns whether there was one */
  scrollUp(): boolean {
    if (this.window.low <= 1) return false;
    this.request('older');
    this.finishPages();
    return true;
  }

  get window() {
    const window = this.chat.windows.get(conv);
    if (!window) throw new Error('The conversation is not open.');
    return window;
  }

  /** What the relay would show in all. */
  get visible(): Message[] {
    return this.stored.filter(({ expiresAt }) => expiresAt === undefined);
  }

  private get isAtEnd(): boolean {
    return this.window.loaded && !this.window.detached && !mustCatchUp(this.window);
  }

  private finishPages(): void {
    while (this.pages.some(({ answer }) => !answer)) this.answer();
    while (this.pages.length > 0) this.deliverPage();
  }

  private name(): string {
    this.names += 1;
    return `c${this.names}`;
  }

  private draftEvent(clientMsgId: string): Events['status'] {
    const draft = { clientMsgId, to: { user: peer }, kind: 'text', body: `text ${clientMsgId}` };
    return { clientMsgId, status: 'queued', draft };
  }

  private send(): void {
    const clientMsgId = this.name();
    this.sentFromHere.add(clientMsgId);
    this.unstored.push(clientMsgId);
    this.statuses.push(this.draftEvent(clientMsgId));
    this.statuses.push({ clientMsgId, status: 'sending' });
  }

  private store(sender: string, clientMsgId: string): void {
    const convSeq = this.stored.length + 1;
    const message: Message = {
      msgId: convSeq,
      clientMsgId,
      sender,
      conv,
      convSeq,
      kind: 'text',
      body: `text ${clientMsgId}`,
      priority: 'normal',
      createdAt: convSeq,
      recalled: false,
      replaced: false,
      mentions: [],
    };
    this.stored.push(message);
    this.timeline.push({ type: 'message', message });
  }

  private receive(): void {
    this.store(peer, this.name());
  }

  private storeNext(): void {
    const next = this.unstored.shift();
    if (next === undefined) return;
    this.store(me, next);
    this.unacknowledged.push(next);
  }

  private acknowledge(): void {
    const next = this.unacknowledged.shift();
    const message = this.stored.find(({ clientMsgId }) => clientMsgId === next);
    if (!message) return;
    const { clientMsgId, msgId, convSeq, createdAt } = message;
    this.statuses.push({ clientMsgId, status: 'sent', sent: { msgId, conv, convSeq, createdAt } });
  }

  private fail(): void {
    const next = this.unstored.pop();
    if (next === undefined) return;
    this.failed.push(next);
    this.everFailed.add(next);
    const failure = { code: 'timeout', message: 'No answer in time.', retryable: true };
    this.statuses.push({ ...this.draftEvent(next), status: 'failed', failure });
  }

  private retry(): void {
    const next = this.failed.shift();
    if (next === undefined) return;
    this.unstored.push(next);
    this.statuses.push(this.draftEvent(next));
  }

  private recall(): void {
    const candidates = this.stored.filter(({ recalled }) => !recalled);
    if (candidates.length === 0 || this.random.chance(0.7)) return;
    const { convSeq } = this.random.pick(candidates);
    this.replace(convSeq, { recalled: true, body: '' });
    this.timeline.push({ type: 'recall', convSeq });
  }

  /** A message that is no longer shown leaves a hole in the positions of history. */
  private expire(): void {
    const learned = new Set(this.window.messages.map(({ convSeq }) => convSeq));
    const onItsWay = new Set(
      this.timeline.map((entry) => entry.type === 'message' && entry.message.convSeq),
    );
    const candidates = this.stored.filter(
      ({ convSeq, sender }) => sender === peer && !learned.has(convSeq) && !onItsWay.has(convSeq),
    );
    const isFetched = this.pages.some(({ answer }) => answer);
    if (candidates.length > 0 && !isFetched)
      this.replace(this.random.pick(candidates).convSeq, { expiresAt: 1 });
  }

  private replace(convSeq: number, change: Partial<Message>): void {
    this.stored = this.stored.map((stored) =>
      stored.convSeq === convSeq ? { ...stored, ...change } : stored,
    );
  }

  private ask(): void {
    const { window } = this;
    if (!window.loaded) this.request(this.random.pick(['newest', 'unread']));
    else if (mustCatchUp(window)) this.request('newer');
    else if (window.detached) this.request(this.random.pick(['newest', 'newer', 'older']));
    else if (window.low > 1) this.request('older');
  }

  private request(kind: PageRequest['kind']): void {
    // Several at once, as a page that is asked for again after a lost connection.
    if (this.pages.length < 3)
      this.pages.push({
        request: pageRequest(this.window, kind, this.random.below(this.stored.length + 1)),
      });
  }

  private answer(): void {
    const waiting = this.pages.filter(({ answer }) => !answer);
    if (waiting.length === 0) return;
    const page = this.random.pick(waiting);
    const { before = Infinity, after, limit = 50 } = page.request.query;
    const shown = this.visible.filter(({ convSeq }) => convSeq < before && convSeq > (after ?? 0));
    const chosen = after === undefined ? shown.slice(-limit) : shown.slice(0, limit);
    page.answer = { messages: structuredClone(chosen), more: shown.length > limit };
  }

  private deliverPage(): void {
    const answered = this.pages.filter(({ answer }) => answer);
    if (answered.length === 0) return;
    const page = this.random.pick(answered);
    this.pages = this.pages.filter((other) => other !== page);
    if (page.answer) receivePage(this.chat, conv, page.request, page.answer);
  }

  /** Asks for the list of conversations, or gets the answer to an earlier question. */
  private list(): void {
    if (this.lists.length === 0 || this.random.chance(0.5)) {
      const last = this.stored.at(-1);
      this.lists.push(
        last && {
          conv,
          peer,
          head: last.convSeq,
          last: structuredClone(last),
          unread: this.stored.filter(({ sender }) => sender === peer).length,
          read: 0,
          receipts: [],
          activeAt: last.createdAt,
          crowd: false,
        },
      );
      return;
    }
    const list = this.lists.shift();
    if (!list) return;
    receiveConversations(this.chat, [list]);
    this.wasListed = true;
  }

  private deliverStatus(): void {
    const next = this.statuses.shift();
    if (!next) return;
    receiveStatus(this.chat, next, 1);
    if (next.draft) this.learned.add(next.clientMsgId);
  }

  private deliverEntry(): void {
    const next = this.timeline.shift();
    if (next?.type === 'message') {
      const { message } = next;
      receiveMessage(this.chat, { ...message, seq: message.convSeq, own: message.sender === me });
    } else if (next) {
      receiveRecall(this.chat, { conv, convSeq: next.convSeq });
    }
  }

  /** Scrolls away from the end or back to it. */
  private lookElsewhere(): void {
    this.chat.following = this.random.chance(0.7);
  }

  /** The page starts anew: its memory is gone, the client's outbox is not. */
  private reload(): void {
    if (this.random.chance(0.9)) return;
    const outbox = [...this.unacknowledged, ...this.unstored];
    this.chat = createChat(me);
    this.learned.clear();
    this.pages = [];
    this.lists = [];
    this.statuses = this.failed.map((id): Events['status'] => ({
      ...this.draftEvent(id),
      status: 'failed',
    }));
    this.statuses.push(...outbox.map((id) => this.draftEvent(id)));
    this.wasListed = false;
    openConversation(this.chat, conv);
  }

  /** The relay cannot continue: what was in the timeline is to be read from history. */
  private reset(): void {
    if (this.random.chance(0.95)) return;
    this.timeline = [];
    this.lists = [];
    this.wasListed = false;
    this.learned.clear();
    receiveReset(this.chat);
  }
}
