// One log-in at work: the client, what the page knows, and the wires between them.
import {
  createClient,
  peerOf,
  type Client,
  type DraftMessage,
  type Events,
  type Failure,
} from 'seqline';
import { openCache, type Cache } from 'seqline/cache';
import { inject, reactive, shallowRef, type InjectionKey, type ShallowRef } from 'vue';

import { version } from '../../package.json';
import {
  closeConversation,
  createChat,
  discard,
  openConversation,
  receiveDelete,
  receiveEdit,
  receiveGroup,
  receiveKept,
  receiveKeptMessages,
  receiveMessage,
  receiveRead,
  receiveRecall,
  receiveReceipt,
  receiveReset,
  receiveStatus,
  type Chat,
} from '../store/chat.ts';
import { clearDivider } from '../store/unread-divider.ts';
import { ActivityLog } from './activity-log.ts';
import { Announcements } from './announcements.ts';
import type { ConnectionFacts } from './connection.ts';
import { ConversationList } from './conversation-list.ts';
import { Devices } from './devices.ts';
import { Editing } from './editing.ts';
import { codeOf, failureText } from './failures.ts';
import { GroupActions } from './groups.ts';
import type { Login } from '@seqline/shared/session/login.ts';
import { Notices } from '@seqline/shared/session/notices.ts';
import { Pages } from './pages.ts';
import { PresenceWatch } from './presence.ts';
import { ReadMarks } from './read-marks.ts';
import { Search } from './search.ts';
import { targetOf } from './target.ts';
import { TokenSource } from './tokens.ts';
import { TypingSignals } from './typing-signals.ts';

/** So often it is looked whether something that is needed was refused, or got no answer. */
const RECHECK_MS = 5_000;

export class Session {
  /** Under this name cursor, outbox and drafts are kept on this device. */
  readonly account: string;
  readonly client: Client;
  readonly chat: Chat;
  readonly connection: ShallowRef<ConnectionFacts>;
  readonly list: ConversationList;
  readonly pages: Pages;
  readonly marks: ReadMarks;
  readonly typing: TypingSignals;
  readonly groups: GroupActions;
  readonly presence: PresenceWatch;
  readonly search: Search;
  readonly devices: Devices;
  readonly editing: Editing;
  readonly announcements: Announcements;
  readonly log = new ActivityLog();
  readonly notices = new Notices();
  private readonly tokens: TokenSource;
  private readonly rechecks: ReturnType<typeof setInterval>;
  private kept: Cache | undefined;

  /**
   * @param url the relay's
   * @param renewed is told of each fresh token
   * @param makeClient makes the client; tests give another one
   */
  constructor(
    login: Login,
    url: string,
    renewed: (login: Login) => void,
    makeClient: typeof createClient = createClient,
  ) {
    this.account = `${login.app}/${login.user}`;
    this.tokens = new TokenSource(login, renewed);
    this.client = makeClient(url, {
      token: this.tokens.option,
      account: this.account,
      appVersion: version,
      platform: 'web',
      // What was before is in the list and the history of conversations.
      start: 'newest',
    });
    // As `object`: TypeScript cannot look through a message body, which may nest without end.
    this.chat = reactive<object>(createChat(login.user)) as Chat;
    const { state } = this.client;
    this.connection = shallowRef({ state, since: Date.now(), wasConnected: false });
    this.list = new ConversationList(this.client, this.chat);
    this.marks = new ReadMarks(this.client, this.chat);
    this.pages = new Pages(this.client, this.chat, () => {
      this.marks.update();
    });
    this.typing = new TypingSignals(this.client, this.chat);
    this.groups = new GroupActions(this.client, this.chat, this.notices);
    this.presence = new PresenceWatch(this.client, this.chat, this.notices);
    this.search = new Search(this.client);
    this.devices = new Devices(this.client);
    this.editing = new Editing(this.client, this.notices);
    this.announcements = new Announcements(this.client, this.notices);
    this.listen();
    this.rechecks = setInterval(() => {
      this.recheck();
    }, RECHECK_MS);
  }

  /** Shows what this device kept the last time. To be called before `connect`. */
  async restore(): Promise<void> {
    const warn = (message: string) => {
      this.log.add(message);
    };
    this.kept = await openCache(this.client, { account: this.account, warn });
    const { kept } = this;
    receiveKept(this.chat, kept.conversations(), (conv) => kept.messages(conv));
  }

  /** Connects; called again, tries at once instead of waiting. */
  connect(): void {
    // `state` and `error` events tell of a failure.
    this.client.connect().catch(() => undefined);
    void this.announcements.load();
  }

  /** Forgets on this device what was said, for whoever uses it next. */
  async forget(): Promise<void> {
    await this.kept?.clear();
  }

  async close(): Promise<void> {
    clearInterval(this.rechecks);
    this.typing.stop();
    await this.kept?.close();
    await this.client.dispose();
  }

  /** Brings a conversation into view, and a message of it, if one is named. */
  open(conv: string, convSeq?: number): void {
    this.editing.stop();
    openConversation(this.chat, conv, convSeq);
    const { kept } = this;
    const window = this.chat.windows.get(conv);
    if (kept && window) {
      receiveKeptMessages(this.chat, conv, window, (name) => kept.messages(name));
    }
    this.refresh();
    void this.groups.load(conv);
    this.watchPeer(conv);
  }

  /** Back to the list. */
  leave(): void {
    closeConversation(this.chat);
  }

  /** The end of the open conversation came into view, or went out of it. */
  setFollowing(isFollowing: boolean): void {
    this.chat.following = isFollowing;
    this.marks.update();
  }

  send(conv: string, text: string, mentions: string[] = []): void {
    clearDivider(this.chat);
    this.chat.following = true;
    this.typing.finished();
    const draft = {
      to: targetOf(this.chat, conv),
      kind: 'text',
      body: text,
      ...(mentions.length > 0 ? { mentions } : {}),
    };
    const clientMsgId = this.submit(draft);
    receiveStatus(
      this.chat,
      { clientMsgId, status: 'queued', draft: { ...draft, clientMsgId } },
      Date.now(),
    );
    this.refresh();
    void this.pages.newest();
  }

  async retry(clientMsgId: string): Promise<void> {
    try {
      await this.client.retry(clientMsgId);
    } catch (error) {
      // If it fails again, a `status` event says so; if it never got into the client's
      // outbox, it is sent from here.
      const message = this.chat.outbox.get(clientMsgId);
      if (codeOf(error) !== 'not_failed' || message?.status !== 'failed') return;
      const { conv, kind, body, mentions } = message;
      this.submit({ to: targetOf(this.chat, conv), kind, body, mentions, clientMsgId });
    }
  }

  async discard(clientMsgId: string): Promise<void> {
    try {
      await this.client.discard(clientMsgId);
    } catch (error) {
      if (codeOf(error) !== 'not_failed') {
        this.notices.show(failureText(error));
        return;
      }
      // It never got into the client's outbox, so it is only here.
    }
    discard(this.chat, clientMsgId);
  }

  async recall(conv: string, convSeq: number): Promise<void> {
    try {
      await this.client.recall(conv, convSeq);
      receiveRecall(this.chat, { conv, convSeq });
    } catch (error) {
      this.notices.show(failureText(error));
    }
  }

  /** Deletes a message for this user alone. */
  async delete(conv: string, convSeq: number): Promise<void> {
    try {
      await this.client.messages.delete(conv, convSeq);
      receiveDelete(this.chat, { conv, convSeq });
      void this.list.reload();
    } catch (error) {
      this.notices.show(failureText(error));
    }
  }

  private listen(): void {
    const { client, chat } = this;
    client.on('state', (state) => {
      const since = Date.now();
      const isConnected = state.state === 'connected';
      this.connection.value = isConnected
        ? { state, since, wasConnected: true }
        : { ...this.connection.value, state, since };
      this.log.addState(state);
      if (isConnected) this.connected();
    });
    client.on('kicked', (kicked) => {
      this.connection.value = { ...this.connection.value, kicked };
    });
    client.on('error', (failure) => {
      this.connection.value = { ...this.connection.value, failure };
      this.log.add(`error ${failure.code}: ${failure.message}`);
      if (failure.code.startsWith('storage_')) this.notices.show(failureText(failure));
      if (failure.code === 'token_invalid' && this.tokens.refuse()) {
        // The state that this error explains is told in the same turn.
        setTimeout(() => {
          this.connect();
        });
      }
    });
    client.on('message', (event) => {
      receiveMessage(chat, event);
      this.refresh();
    });
    client.on('read', (event) => {
      receiveRead(chat, event);
      if (chat.rows.get(event.conv)?.countIsRough) void this.list.reload();
    });
    client.on('receipt', (event) => {
      receiveReceipt(chat, event);
    });
    client.on('recall', (event) => {
      receiveRecall(chat, event);
    });
    client.on('edit', (event) => {
      receiveEdit(chat, event);
    });
    client.on('delete', (event) => {
      receiveDelete(chat, event);
      // What is the newest message now, only the relay knows.
      if (chat.rows.get(event.conv)?.last?.convSeq === event.convSeq) void this.list.reload();
    });
    client.on('group', (event) => {
      receiveGroup(chat, event);
      this.log.add(`group ${event.conv}: ${event.op}`);
      // Who is new there learns what it is called, and who else is in it.
      const isNew = 'users' in event && event.users.includes(chat.me) && event.op === 'joined';
      if (isNew || chat.open === event.conv) void this.groups.load(event.conv);
    });
    client.on('presence', (event) => {
      this.presence.receive(event);
    });
    client.on('reset', ({ reason, conv }) => {
      this.log.add(`reset: ${reason}${conv === undefined ? '' : ` of ${conv}`}`);
      receiveReset(chat, conv);
      this.refresh();
      void this.list.reload().then(() => {
        this.refresh();
      });
    });
    client.on('status', (event) => {
      this.log.addStatus(event);
      this.status(event);
    });
    client.on('discard', ({ clientMsgId }) => {
      discard(chat, clientMsgId);
    });
    client.on('ephemeral', (event) => {
      this.typing.receive(event);
    });
    client.on('synced', ({ cursor }) => {
      this.log.add(`synced at ${cursor}`);
    });
  }

  private connected(): void {
    this.tokens.accept();
    this.marks.resend();
    this.refresh();
    if (this.chat.open !== undefined) void this.groups.load(this.chat.open);
    void this.list.reload().then(() => {
      this.refresh();
      for (const conv of this.chat.rows.keys()) this.watchPeer(conv);
    });
  }

  /** Asks again for what the relay refused for now, or had no answer to in time. */
  private recheck(): void {
    if (this.client.state.state !== 'connected') return;
    this.marks.retry();
    void this.list.retry();
    void this.pages.catchUp();
  }

  private watchPeer(conv: string): void {
    const peer = peerOf(conv, this.chat.me);
    if (peer !== undefined) this.presence.show([peer]);
  }

  private status(event: Events['status']): void {
    receiveStatus(this.chat, event);
    this.refresh();
  }

  /** After every change: fills holes in what is in view, and marks it as read. */
  private refresh(): void {
    this.marks.update();
    void this.pages.catchUp();
  }

  /** Hands a message to the client. @returns its `clientMsgId` */
  private submit(draft: DraftMessage): string {
    const sending = this.client.send(draft);
    sending.catch((error: unknown) => {
      // Told by a `status` event, too, unless the client did not take it at all.
      const retryable = (error as Partial<Failure>).retryable === true;
      const failure = { code: codeOf(error), message: failureText(error), retryable };
      this.status({ clientMsgId: sending.clientMsgId, status: 'failed', failure });
    });
    return sending.clientMsgId;
  }
}

export const sessionKey: InjectionKey<Session> = Symbol('session');

/** The session of the page that a component is on. */
export function useSession(): Session {
  const session = inject(sessionKey);
  if (!session) throw new Error('There is no session here.');
  return session;
}
