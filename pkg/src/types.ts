/**
 * What an app sees of Seqline. Times are milliseconds since the Unix epoch unless
 * a name says otherwise; sequence numbers are exact integers below 2^53.
 */
import type {
  CallMethod,
  Conversations,
  Devices,
  Groups,
  JoinRule,
  Messages,
  Presence,
  PresenceCalls,
  Role,
  RoomMessage,
  Rooms,
} from './methods.js';
import type { Broadcast, BroadcastEvent } from './broadcasts/types.js';
import type { LogEntry, LogLevel, Report } from './diagnostics/types.js';
import type { Host, NetworkKind, Storage } from './hosts/types.js';

export type * from './broadcasts/types.js';
export type * from './diagnostics/types.js';
export type * from './hosts/types.js';
export type * from './methods.js';

/**
 * Where the compiled client comes from: its URL, a response, its bytes, or a module that is
 * compiled already. In Node also the path of a file.
 */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module;

/** Settings of a client. Only `token` is required. */
export interface ClientOptions {
  /**
   * A JSON Web Token of scope `user`, or a function that fetches one. The function is
   * asked again when the relay says that the token has expired; a plain string is not
   * renewed, and the client stops with `token_expired`.
   */
  token: string | ((reason: TokenReason) => string | Promise<string>);
  /**
   * Name under which this user's cursor and outbox are kept on this device.
   * Default: app and user of the token, if it is a readable JSON Web Token, else `default`.
   * Give it if the function for `token` needs the network: an app that starts offline can then
   * open its outbox at once.
   */
  account?: string;
  /** The app's version, told to the relay. Default: none. */
  appVersion?: string;
  /**
   * What kind of device this is, for example `phone`, `desktop` or `web`, where the relay allows
   * one of each. At most 64 of `A-Z a-z 0-9 . _ - @ + = ~`. Default: what it runs in (`browser`, `node`).
   */
  platform?: string;
  /**
   * Where a device that was never connected starts: with the `oldest` entry that the relay
   * keeps, or with the `newest`, leaving the rest to `history()`. Default: `oldest`.
   */
  start?: 'oldest' | 'newest';
  /**
   * What carries frames to the relay. `auto`: a WebSocket, and HTTP where those do not get through,
   * until they do again. Default: `auto`.
   */
  transport?: 'auto' | Transport;
  /** From opening a socket to being connected, at most, in milliseconds. Default: 10,000. */
  connectTimeoutMs?: number;
  /** Upper bound of the first reconnect delay in milliseconds; it doubles. Default: 500. */
  backoffBaseMs?: number;
  /** Upper bound of every reconnect delay in milliseconds. Default: 30,000. */
  backoffMaxMs?: number;
  /**
   * A message not acknowledged within this many milliseconds becomes `failed`, and can be
   * retried. 0: never. Default: 600,000.
   */
  sendDeadlineMs?: number;
  /** A request not answered within this many milliseconds is rejected. Default: 30,000. */
  requestTimeoutMs?: number;
  /**
   * Where cursor and outbox are kept. Default: IndexedDB in a browser, memory in Node, where
   * `fileStorage(folder)` of `seqline/node` keeps them over a restart.
   */
  storage?: (account: string) => Promise<Storage>;
  /** Sockets, storage and life-cycle events. Default: chosen for where it runs. */
  host?: Host;
  /**
   * What is logged: this, and what is worse. `info`: states of the connection; `debug`: every
   * event, and every frame by its kind and size. Never what people wrote, and never a token.
   * Default: nothing but `error` events without a handler; with a `logger`, `info`.
   */
  log?: LogLevel;
  /** Where it is logged. Default: the console. */
  logger?: (entry: LogEntry) => void;
  /**
   * Whether the tabs of a user in one browser share one connection, as one device, or each has
   * its own. Default: `shared` where the browser has Web Locks and BroadcastChannel, and neither
   * `storage` nor `host` is given; else `separate`.
   */
  tabs?: 'shared' | 'separate';
}

/** A WebSocket, or requests over HTTP of which one waits for news (long polling). */
export type Transport = 'socket' | 'polling';

/**
 * Why a token is asked for: to `connect`; because the relay said that the last one has
 * `expired`; or to `refresh` an open session whose token is about to expire.
 */
export type TokenReason = 'connect' | 'expired' | 'refresh';

/** A messaging client: one user on one device. */
export interface Client {
  /** The connection's state now. */
  readonly state: ConnectionState;
  /** This user, once the relay has said who the token is of. */
  readonly user: string | undefined;
  /**
   * Connects, and stays connected until `disconnect()` or a kick.
   * Resolves when connected for the first time; rejects when the relay refuses in a way
   * that trying again cannot heal. Register `message` handlers before: entries wait for one.
   * Called again while it waits for its next attempt, it makes that attempt at once.
   */
  connect(): Promise<void>;
  /** Disconnects. Nothing reconnects until `connect()`; the outbox is kept. */
  disconnect(): void;
  /**
   * Disconnects, and frees everything once storage is up to date. What a handler has taken does not
   * come again; for one that is under way it waits, for a second at most. The client is of no use
   * afterwards.
   */
  dispose(): Promise<void>;
  /**
   * Sends a message: to a user or a conversation, now or as soon as connected. What one
   * client sends to one conversation is stored in the order of the calls.
   * Resolves on `sent` (stored by the relay); rejects on `failed`.
   */
  send(draft: DraftMessage): SendResult;
  /** Tries a failed message again. */
  retry(clientMsgId: string): Promise<Sent>;
  /** Forgets a failed message. `discard` events tell of it, in all tabs that share the connection. */
  discard(clientMsgId: string): Promise<void>;
  /** Takes an own message back, for everybody. */
  recall(conv: string, convSeq: number): Promise<void>;
  /** Messages of a conversation, ascending: the newest, or those before or after a `convSeq`. */
  history(conv: string, query?: HistoryQuery): Promise<HistoryPage>;
  /** The user's conversations, most recently active first; `conversations.clear()` empties one. */
  readonly conversations: Conversations;
  /** This user has read a conversation up to `convSeq`. Lower marks change nothing. */
  markRead(conv: string, convSeq: number): Promise<void>;
  /**
   * Messages to all users that this device holds and that are valid now by its clock, newest
   * first. Needs no connection.
   */
  broadcasts(): Promise<Broadcast[]>;
  /**
   * This user has opened a broadcast. Resolves when that is kept on this device; the relay and
   * the user's other devices are told when there is a connection.
   * @throws {SeqlineError} `broadcast_unknown` if this device does not hold it, or no longer
   */
  opened(id: number): Promise<void>;
  /** Best effort, for example "typing": delivered now or never. */
  ephemeral(to: Target, kind: string, body: Body): Promise<void>;
  /**
   * Listens. Handlers of `message`, `edit`, `recall`, `delete`, `receipt`, `read`, `group`,
   * `broadcast` and `reset` may return a promise: the cursor moves when it resolves. If it rejects, or the handler throws,
   * the event is delivered again (three times with growing pauses, then passed over with an
   * `error` event).
   * @returns a function that stops listening.
   */
  on<E extends EventName>(event: E, handler: Handler<E>): () => void;
  /** Stops listening. */
  off<E extends EventName>(event: E, handler: Handler<E>): void;
  /** Counters and positions, for inspectors and bug reports. */
  stats(): Stats;
  /**
   * All that helps to find a fault, to be put into a bug report: version, host, state, counters
   * and the latest events. Has ids of users and conversations in it; nothing that people wrote,
   * and no token.
   */
  report(): Promise<Report>;
  /**
   * Calls a method of the relay by its name, as the groups of methods below do. Names and units
   * are this package's: `convSeq`, milliseconds.
   */
  readonly call: CallMethod;
  /** Groups and channels. */
  readonly groups: Groups;
  /** Editing, deleting, receipts, search. */
  readonly messages: Messages;
  /** This user's devices. */
  readonly devices: Devices;
  /** Who is there. */
  readonly presence: PresenceCalls;
  /** Live rooms. */
  readonly rooms: Rooms;
}

/** To whom: a user id, or a conversation. */
export type Target = { user: string } | { conv: string };

/** Plain text with kind `text`; any JSON value with other kinds. */
export type Body = string | number | boolean | null | Body[] | { [key: string]: Body };

/** A message to be sent. */
export interface DraftMessage {
  /** To whom. */
  to: Target;
  /** What the body is. Default: `text` for a string, else `json`. */
  kind?: string;
  /** The content. At most 32 KiB as JSON. */
  body: Body;
  /** How urgent. Default: `normal`. */
  priority?: Priority;
  /** When it ceases to be shown. Default: never. */
  expiresAt?: number;
  /** The app's own id of the message. Default: a new random one. */
  clientMsgId?: string;
  /** The app's own key of it, by which a later message can replace it. */
  key?: string;
  /** Whether it takes the place of this user's earlier message with the same `key` there. */
  replace?: boolean;
  /** What it is about in the app's business, for example `order`. */
  business?: string;
  /** Whom it mentions, at most 50; `@all` stands for every member. */
  mentions?: string[];
}

/** How urgent a message is. */
export type Priority = 'low' | 'normal' | 'high';

/** The promise of a send; the id is known at once. */
export interface SendResult extends Promise<Sent> {
  /** The message's id on this client, as in `status` events. */
  readonly clientMsgId: string;
}

/** Where the relay has stored a message. */
export interface Sent {
  msgId: number;
  conv: string;
  convSeq: number;
  /** When it was stored. */
  createdAt: number;
}

/** A stored message. */
export interface Message {
  msgId: number;
  clientMsgId: string;
  sender: string;
  conv: string;
  convSeq: number;
  kind: string;
  body: Body;
  priority: Priority;
  /** When it was stored. */
  createdAt: number;
  /** When it ceases to be shown. */
  expiresAt?: number;
  /** True once it was taken back; the body is empty then. */
  recalled: boolean;
  /** True once a later message with its `key` took its place; the body is empty then. Not shown. */
  replaced: boolean;
  /** The app's own key of it. */
  key?: string;
  /** `convSeq` of the earlier message whose place this one takes: show that no longer. */
  replaces?: number;
  /** What it is about in the app's business. */
  business?: string;
  /** Whom it mentions; `@all` stands for every member. */
  mentions: string[];
  /** When it was last edited. */
  editedAt?: number;
}

/** How far one user has received and read a conversation. */
export interface Receipt {
  conv: string;
  user: string;
  /** `convSeq` up to which the app of at least one device took everything. */
  delivered: number;
  /** `convSeq` up to which the user has read. */
  read: number;
}

/** A row of the conversation list. */
export interface Conversation {
  conv: string;
  /** The other user of a direct conversation. */
  peer?: string;
  /** `convSeq` of the newest message. */
  head: number;
  /** The newest message. */
  last?: Message;
  unread: number;
  /** `convSeq` up to which this user has read. */
  read: number;
  receipts: Receipt[];
  /** When the newest message was stored, or the conversation was made. */
  activeAt: number;
  /** What it is called; groups and channels only. */
  title?: string;
  /** `convSeq` of the newest message after `read` that mentions this user. */
  mentioned?: number;
  /** True if it is so large that it has a timeline of its own: see `reset`. */
  crowd: boolean;
}

/** Which messages of a conversation. */
export interface HistoryQuery {
  /** Only messages before this `convSeq`. */
  before?: number;
  /** Only messages after this `convSeq`. */
  after?: number;
  /** How many at most. Default: 50. */
  limit?: number;
}

/** Messages of a conversation, as many as were asked for. */
export interface HistoryPage {
  /** Ascending by `convSeq`. */
  messages: Message[];
  /** Whether there are more in that direction. */
  more: boolean;
}

/** Which part of the list of conversations. */
export interface ConversationsQuery {
  /** `next` of the page before. */
  page?: string;
  /** How many at most. Default: 50. */
  limit?: number;
}

/** A part of the list of conversations. */
export interface ConversationPage {
  conversations: Conversation[];
  /** Asks for the next page; absent on the last. */
  next?: string;
}

/** The three states of a connection, with what is known in each. */
export type ConnectionState =
  | {
      state: 'disconnected';
      /**
       * Never connected, by `disconnect()`, ended by the relay, refused by the relay for good,
       * or `crashed`: a fault of the client itself, told by an `error` event `client_crashed`.
       */
      reason: 'initial' | 'requested' | 'kicked' | 'refused' | 'crashed';
      /** Why, with `kicked`, `refused` and `crashed`: `token_expired`, for example. */
      failure?: Failure;
    }
  | {
      state: 'connecting';
      /** Attempts that failed since the last stable connection. */
      attempt: number;
      /** How long until the next attempt, in milliseconds; 0 while one is under way. */
      retryInMs: number;
      /** True while the device is known to be offline. */
      offline: boolean;
    }
  | { state: 'connected'; user: string; session: string; transport: Transport };

/**
 * An own message's way. `sending`: kept on this device and written to a connection, so that no crash
 * loses it; left out where the relay is faster than the storage.
 */
export type Status = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed';

/** What went wrong: a code for programs, a sentence for people. */
export interface Failure {
  /** A code of `docs/protocol.md`, or one of the client's own. */
  code: string;
  message: string;
  /** Whether the same thing, tried again later, may succeed. */
  retryable: boolean;
  /** What was caught, where something was: for logs. */
  cause?: unknown;
}

/** Where an event stands. */
export interface Place {
  /** Its place in the user's timeline. */
  seq: number;
  /** True if that is the timeline of the conversation itself, which is large. */
  crowd?: boolean;
}

/** Events, by name. */
export interface Events {
  /** The connection's state changed. */
  state: ConnectionState;
  /** A message of the timeline, once and in order; own ones (of any device) included. */
  message: Message & Place & { own: boolean };
  /** Another user received or read. */
  receipt: Receipt & { seq: number };
  /** This user read a conversation, on any device. */
  read: { seq: number; conv: string; convSeq: number };
  /** A message was taken back. */
  recall: Place & { conv: string; convSeq: number; msgId: number; by: string };
  /** A message was edited: how it reads now. */
  edit: Message & Place & { own: boolean };
  /** This user deleted a message for herself, on any device. */
  delete: { seq: number; conv: string; convSeq: number };
  /** A group or channel, or who belongs to it, has changed. */
  group: GroupChange & Place;
  /** Something happened to a message to all users: see `broadcasts()`. */
  broadcast: BroadcastEvent;
  /** An own message's delivery state changed. */
  status: {
    clientMsgId: string;
    status: Status;
    /** The message itself, with `queued` (also when it comes back from storage) and `failed`. */
    draft?: DraftMessage & { clientMsgId: string; kind: string };
    /** Where it is stored, from `sent` on. */
    sent?: Sent;
    /** Why, with `failed`. */
    failure?: Failure;
  };
  /** A failed message was discarded, here or in another tab: it is not to be shown any more. */
  discard: { clientMsgId: string };
  /** Everything up to the newest entry at this moment has been handed over. */
  synced: { cursor: number };
  /**
   * The relay cannot continue from where this device stood (it was away for too long, or data
   * was restored from a backup). What comes next follows `head`; what came before is read with
   * `rebuild()`, in the handler of this event. With `conv`, it is about the timeline of this large
   * conversation alone; else about everything. `tab_behind`: this tab was frozen, or took
   * nothing, while the others of the browser went on for longer than it can be told again;
   * broadcasts are to be read anew then, too.
   */
  reset: {
    reason: 'epoch_changed' | 'below_floor' | 'ahead_of_head' | 'tab_behind';
    head: number;
    conv?: string;
  };
  /** The relay ended the session. Nothing reconnects by itself. */
  kicked: { reason: 'replaced' | 'device_policy' | 'session_ended'; message: string };
  /** Best effort from another user. */
  ephemeral: { conv: string; sender: string; kind: string; body: Body };
  /** Of users asked for with `presence.watch()`: those whose presence changed. */
  presence: { users: Presence[] };
  /** What happened in a room since the event before: best effort, gathered for a moment. */
  room: {
    conv: string;
    /** How many are in it. */
    online: number;
    messages: RoomMessage[];
    /** How many more there were than could be told. */
    dropped: number;
  };
  /** Something went wrong that no call is waiting for. */
  error: Failure;
}

/** What happened to a group or channel. */
export type GroupChange = {
  conv: string;
  /** Who did it; absent if the app's server did. */
  by?: string;
  at: number;
} & (
  | { op: 'created'; users: string[]; title: string }
  | { op: 'joined' | 'left' | 'removed'; users: string[] }
  /** On a transfer the new owner is named, and the old one is an admin. */
  | { op: 'role'; user: string; role: Role }
  /** Cannot send until then; 0: can again. */
  | { op: 'muted'; user: string; until: number }
  | { op: 'muted_all'; muted: boolean }
  /** Those that are present were changed. */
  | { op: 'edited'; title?: string; announcement?: string; join?: JoinRule }
  | { op: 'dissolved' }
);

/** The name of an event. */
export type EventName = keyof Events;

/** What listens to an event. A promise is waited for where the cursor is: see `Client.on`. */
export type Handler<E extends EventName> = (event: Events[E]) => void | Promise<void>;

/** Counters since the client was made, and where it stands. */
export interface Stats {
  /** What carries the connection, or carried the last one. */
  transport: Transport;
  /** What the client runs as: `javascript` where there is no WebAssembly. */
  engine: 'wasm' | 'javascript';
  /** Smoothed round-trip time in milliseconds. */
  rttMs?: number;
  /** Current heartbeat interval in milliseconds; 0 before the first connection. */
  heartbeatMs: number;
  /** The longest silence, in milliseconds, that the present kind of network is known to survive. */
  heartbeatGoodMs?: number;
  /** The shortest one that it is known not to survive. */
  heartbeatBadMs?: number;
  /** The kind of network that the host tells of; `unknown` in most browsers. */
  network: NetworkKind;
  connects: number;
  losses: number;
  retransmissions: number;
  duplicatesDropped: number;
  gapsHealed: number;
  resets: number;
  /** The last entry that the app has taken. */
  cursor: number;
  /** The newest entry that the relay told of. */
  head: number;
  /** Large conversations that are read from a timeline of their own. */
  crowds: number;
  /** Messages in the outbox, failed ones included. */
  outbox: number;
  /** Entries waiting for the app. */
  inbox: number;
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /**
   * Whether this tab has the connection that all tabs of the browser share (`leader`), or another
   * one has it (`follower`); `alone` if it shares none. A follower's numbers are the leader's, a
   * few seconds old.
   */
  role: 'alone' | 'leader' | 'follower';
  /** How many tabs share the connection, this one included. */
  tabs: number;
}
