/** The relay's methods: what they take and what they give. */
import type { Broadcast } from './broadcasts/types.js';
import type { Body, ConversationPage, ConversationsQuery, Message, Priority } from './types.js';

/** What a member may do. An admin may all that a member may, the owner all that an admin may. */
export type Role = 'member' | 'admin' | 'owner';

/**
 * Who may join by own wish: anyone who knows the id (`open`, the default of channels), or nobody:
 * any member invites (`invited`, the default of groups), or only admins do (`admins`).
 */
export type JoinRule = 'open' | 'invited' | 'admins';

/** A group or channel. */
export interface Group {
  conv: string;
  owner: string;
  title: string;
  /** What members are to know; empty if nothing. */
  announcement: string;
  join: JoinRule;
  /** Whether only admins send for now. */
  muted: boolean;
  /** Whether it has ended. */
  dissolved: boolean;
  /** Whether it has a timeline of its own. */
  crowd: boolean;
  /** How many belong to it. */
  members: number;
  /** `convSeq` of its newest message. */
  head: number;
  createdAt: number;
  /** This user's own place in it; absent if she does not belong to it. */
  own?: Member;
}

/** One who belongs to a group or channel. */
export interface Member {
  user: string;
  role: Role;
  joinedAt: number;
  /** Cannot send until then; 0 if she can. */
  mutedUntil: number;
}

/** A group or channel to be made. */
export interface NewGroup {
  /** Its id: `groupConversation(name)` or `channelConversation(name)`, with a name of your own. */
  conv: string;
  title: string;
  /** Members beside the owner, who is this user. */
  users?: string[];
  /** Default: `invited` for a group, `open` for a channel. */
  join?: JoinRule;
}

/** What of a group or channel is to change. */
export interface GroupEdit {
  title?: string;
  announcement?: string;
  join?: JoinRule;
}

/** A page of those who belong to a group, by user id. */
export interface MembersQuery {
  /** Those after this user. */
  after?: string;
  limit?: number;
}

/** Some of those who belong to a group. */
export interface MembersPage {
  members: Member[];
  /** Asks for the next page, as `after`; absent on the last one. */
  next?: string;
}

/** Who belongs to a group or channel after a change. */
export interface GroupChanged {
  /** Who was taken in or sent away; those for whom nothing changed are left out. */
  changed: string[];
  /** How many members there are now. */
  members: number;
}

/** Groups and channels. Only members may ask; what else it takes stands with each. */
export interface Groups {
  /** Makes a group or channel; this user owns it. */
  create(group: NewGroup): Promise<GroupChanged>;
  /** What it is called, who owns it, how large it is. */
  get(conv: string): Promise<Group>;
  /** Who belongs to it, by user id. */
  members(conv: string, query?: MembersQuery): Promise<MembersPage>;
  /** Takes users in, at most 100 at once; admins only where the rule says so. */
  invite(conv: string, users: string[]): Promise<GroupChanged>;
  /** Joins by own wish, where the rule is `open`. */
  join(conv: string): Promise<GroupChanged>;
  /** Leaves. The owner transfers it before, or dissolves it. */
  leave(conv: string): Promise<GroupChanged>;
  /** Sends members away, at most 100 at once. Admins only. */
  remove(conv: string, users: string[]): Promise<GroupChanged>;
  /** Makes a member the owner; this user stays as an admin. Owner only. */
  transfer(conv: string, user: string): Promise<void>;
  /** Makes a member an admin, or a plain member again. Owner only. */
  role(conv: string, user: string, role: Exclude<Role, 'owner'>): Promise<void>;
  /** Lets a member not send until then; 0 lets her again. Admins only. */
  mute(conv: string, user: string, until: number): Promise<void>;
  /** Lets only admins send, or everyone again. Admins only. */
  muteAll(conv: string, muted: boolean): Promise<void>;
  /** Changes title, announcement or rule. Admins only. */
  edit(conv: string, changes: GroupEdit): Promise<void>;
  /** Ends it, for everybody. Its history stays readable. Owner only. */
  dissolve(conv: string): Promise<void>;
}

/** A message with what the relay knows around it. */
export interface MessageRecord extends Message {
  app: string;
  /** To whom, in a direct conversation. */
  receiver?: string;
  /** The other one of a direct conversation. */
  peer?: string;
  category: 'direct' | 'group' | 'channel';
  /** Whether this user has read it. */
  read: boolean;
}

/** Which messages of a conversation: one direction, from a place or from a time. */
export interface ListQuery {
  /** Only messages before this `convSeq`. */
  before?: number;
  /** Only messages after this `convSeq`. */
  after?: number;
  /** The oldest ones stored at this time or later. */
  since?: number;
  /** The newest ones stored before this time. */
  until?: number;
  limit?: number;
}

/** Messages of a conversation, with what the relay knows around them. */
export interface RecordPage {
  /** Ascending by `convSeq`. */
  messages: MessageRecord[];
  /** Whether there are more in that direction. */
  more: boolean;
}

/** Who has received and read a message. Its sender does not count. */
export interface Receipts {
  /** Members beside the sender. */
  members: number;
  /** Of them, whose devices have it; in a crowd: who has read it. */
  delivered: number;
  read: number;
  /** The first of those who have read it, by user id. */
  readers: string[];
}

/** Which of the messages that contain the words. */
export interface SearchQuery {
  conv?: string;
  sender?: string;
  kind?: string;
  /** Stored at this time or later. */
  since?: number;
  /** Stored before this time. */
  until?: number;
  /** `next` of the page before. */
  before?: number;
  limit?: number;
}

/** Messages that were found. */
export interface SearchPage {
  /** Newest first. */
  messages: Message[];
  /** Goes on from here (`before`); absent on the last page. */
  next?: number;
}

/** What can be done with stored messages, beside sending and taking back. */
export interface Messages {
  /**
   * Gives an own message another body, for everybody.
   * @param kind the message's; default: `text` for a string, else `json`
   */
  edit(conv: string, convSeq: number, body: Body, kind?: string): Promise<void>;
  /** Deletes a message for this user, on all devices. Others keep it. */
  delete(conv: string, convSeq: number): Promise<void>;
  /** Messages with what the relay knows around them, also by time. */
  list(conv: string, query?: ListQuery): Promise<RecordPage>;
  /** Who has received and read a message. */
  receipts(conv: string, convSeq: number): Promise<Receipts>;
  /** Messages of this user's conversations that contain all the words. */
  search(text: string, query?: SearchQuery): Promise<SearchPage>;
}

/** One of this user's devices. */
export interface Device {
  device: string;
  platform: string;
  /** What runs the client there, for example `browser`. */
  host: string;
  appVersion?: string;
  /** Whether it is connected now. */
  online: boolean;
  /** Whether it is this one. */
  current: boolean;
  /** When it first connected. */
  firstSeenAt: number;
  /** When it last connected or disconnected. */
  lastSeenAt: number;
}

/** This user's devices. */
export interface Devices {
  /** Lately seen ones first. */
  list(): Promise<{ devices: Device[] }>;
  /** Ends the session of a device, and forgets it. There: `kicked`, `session_ended`. */
  end(device: string): Promise<{ /** Whether it was connected. */ ended: boolean }>;
}

/** Whether a user is there, as far as she lets others see it. */
export interface Presence {
  user: string;
  online: boolean;
  /** When a device of hers was last connected; 0 if that is not known, or not shared. */
  lastSeenAt: number;
}

/** Who is there. Users are seen once they have opted in. */
export interface PresenceCalls {
  /** Lets others see whether this user is there, or no longer. */
  share(shared: boolean): Promise<void>;
  /** Who of these is there now. */
  get(users: string[]): Promise<{ users: Presence[] }>;
  /**
   * Asks for `presence` events of these users, beside those asked for before. Kept over
   * reconnects; without a connection it takes effect with the next one.
   */
  watch(users: string[]): Promise<void>;
  /** Asks for no further ones. */
  unwatch(users: string[]): Promise<void>;
}

/** Something said in a room. */
export interface RoomMessage {
  sender: string;
  kind: string;
  body: Body;
  priority: Priority;
  /** When. */
  at: number;
}

/** What one finds on entering a room. */
export interface RoomState {
  /** How many are in it. */
  online: number;
  /** The latest messages, oldest first. */
  recent: RoomMessage[];
}

/** Rooms: live, best effort, never stored. */
export interface Rooms {
  /**
   * Enters a room: `room` events tell what happens there. Entered again by itself after a
   * reconnect; what can still be had of what was missed comes as a `room` event.
   */
  join(conv: string): Promise<RoomState>;
  /** Leaves a room. */
  leave(conv: string): Promise<void>;
  /** Says something in a room that this session is in. */
  send(conv: string, body: Body, options?: { kind?: string; priority?: Priority }): Promise<void>;
}

/** The list of conversations, and what concerns a whole one. */
export interface Conversations {
  /** A page of the user's conversations, most recently active first. */
  (query?: ConversationsQuery): Promise<ConversationPage>;
  /** Deletes all that is there so far for this user, on all devices. Others keep it. */
  clear(conv: string): Promise<void>;
}

interface Method<Params, Value> {
  params: Params;
  value: Value;
}

type InConv<Rest = unknown> = { conv: string } & Rest;

/** The methods that `call()` knows the types of, by name. */
export interface Methods {
  'groups.create': Method<NewGroup, GroupChanged>;
  'groups.get': Method<InConv, Group>;
  'groups.members': Method<InConv<MembersQuery>, MembersPage>;
  'groups.invite': Method<InConv<{ users: string[] }>, GroupChanged>;
  'groups.join': Method<InConv, GroupChanged>;
  'groups.leave': Method<InConv, GroupChanged>;
  'groups.remove': Method<InConv<{ users: string[] }>, GroupChanged>;
  'groups.transfer': Method<InConv<{ user: string }>, void>;
  'groups.role': Method<InConv<{ user: string; role: Role }>, void>;
  'groups.mute': Method<InConv<{ user: string; until: number }>, void>;
  'groups.mute_all': Method<InConv<{ muted: boolean }>, void>;
  'groups.edit': Method<InConv<GroupEdit>, void>;
  'groups.dissolve': Method<InConv, void>;
  'messages.edit': Method<InConv<{ convSeq: number; body: string }>, void>;
  'messages.delete': Method<InConv<{ convSeq: number }>, void>;
  'messages.recall': Method<InConv<{ convSeq: number }>, void>;
  'messages.list': Method<InConv<ListQuery>, RecordPage>;
  'messages.receipts': Method<InConv<{ convSeq: number }>, Receipts>;
  'messages.search': Method<{ text: string } & SearchQuery, SearchPage>;
  'conversations.clear': Method<InConv, void>;
  'devices.list': Method<object, { devices: Device[] }>;
  'devices.end': Method<{ device: string }, { ended: boolean }>;
  'presence.share': Method<{ shared: boolean }, void>;
  'presence.get': Method<{ users: string[] }, { users: Presence[] }>;
  'presence.watch': Method<{ users: string[] }, void>;
  'presence.unwatch': Method<{ users: string[] }, void>;
  /** What is valid now for this user, for those that hold nothing. */
  'broadcasts.mine': Method<object, { broadcasts: Omit<Broadcast, 'seen' | 'opened'>[] }>;
  /** Which of them no other device has shown; this one has then. The client asks by itself. */
  'broadcasts.seen': Method<{ ids: number[] }, { new: number[] }>;
  /** The user opened them: `client.opened()` says it, also later. */
  'broadcasts.opened': Method<{ ids: number[] }, void>;
  'rooms.join': Method<InConv, RoomState>;
  'rooms.leave': Method<InConv, void>;
  'rooms.send': Method<InConv<{ kind?: string; body: string; priority?: Priority }>, void>;
}

/** A method's name: one of these, or one of a newer relay. */
export type MethodName = keyof Methods | (string & {});

/** What a method takes. */
export type MethodParams<M extends MethodName> = M extends keyof Methods
  ? Methods[M]['params']
  : object;

/** What a method gives. */
export type MethodValue<M extends MethodName> = M extends keyof Methods
  ? Methods[M]['value']
  : unknown;

/** Calls a method by its name. */
export type CallMethod = <M extends MethodName>(
  method: M,
  params: MethodParams<M>,
) => Promise<MethodValue<M>>;
