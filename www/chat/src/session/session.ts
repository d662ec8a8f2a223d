// One log-in at work: the client, what the page knows, and the wires between them.
import { createClient, type Client, type DraftMessage, type Events, type Failure } from 'seqline';
import { inject, reactive, shallowRef, type InjectionKey, type ShallowRef } from 'vue';

import { version } from '../../package.json';
import {
  closeConversation,
  createChat,
  discard,
  openConversation,
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
import type { ConnectionFacts } from './connection.ts';
import { ConversationList } from './conversation-list.ts';
import { codeOf, failureText } from './failures.ts';
import type { Login } from './login.ts';
import { Notices } from './notices.ts';
import { Pages } from './pages.ts';
import { ReadMarks } from './read-marks.ts';
import { targetOf } from './target.ts';
import { TokenSource } from './tokens.ts';
import { TypingSignals } from './typing-signals.ts';

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
  readonly log = new ActivityLog();
  readonly notices = new Notices();
  private readonly tokens: TokenSource;

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
    this.listen();
  }

  /** Connects; called again, tries at once instead of waiting. */
  connect(): void {
    // `state` and `error` events tell of a failure.
    this.client.connect().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.typing.stop();
    await this.client.dispose();
  }

  /** Brings a conversation into view. */
  open(conv: string): void {
    openConversation(this.chat, conv);
    this.refresh();
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

  send(conv: string, text: string): void {
    clearDivider(this.chat);
    this.chat.following = true;
    this.typing.finished();
    const draft = { to: targetOf(this.chat, conv), kind: 'text', body: text };
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
      const { conv, kind, body } = message;
      this.submit({ to: targetOf(this.chat, conv), kind, body, clientMsgId });
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
    client.on('reset', ({ reason }) => {
      this.log.add(`reset: ${reason}`);
      receiveReset(chat);
      this.refresh();
      void this.list.reload().then(() => {
        this.refresh();
      });
    });
    client.on('status', (event) => {
      this.log.addStatus(event);
      this.status(event);
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
    void this.list.reload().then(() => {
      this.refresh();
    });
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
