/** Ids of conversations: how they are made, and what they say. */

/** What a conversation is; `room` is live and not kept. */
export type ConversationKind = 'direct' | 'group' | 'channel' | 'room';

/** Among `mentions`: every member. */
export const EVERYONE = '@all';

/** The id of the direct conversation of two users, the same whichever is named first. */
export function directConversation(one: string, other: string): string {
  // User ids are ASCII: comparing UTF-16 units is comparing bytes, as the protocol does.
  return one <= other ? `dm:${one}:${other}` : `dm:${other}:${one}`;
}

/** The id of a group, from the name that the app has chosen for it. */
export const groupConversation = (name: string): string => `group:${name}`;

/** The id of a channel: few publish, everyone follows. */
export const channelConversation = (name: string): string => `channel:${name}`;

/** The id of a room: live, not kept. */
export const roomConversation = (name: string): string => `room:${name}`;

/** What a conversation is, by its id; none if it is no id of a conversation. */
export function conversationKind(conv: string): ConversationKind | undefined {
  const form = conv.slice(0, conv.indexOf(':'));
  if (form === 'dm') return 'direct';
  return form === 'group' || form === 'channel' || form === 'room' ? form : undefined;
}

/**
 * The other user of a direct conversation; the user herself for notes to herself.
 * @returns `undefined` if it is not a direct conversation of `user`
 */
export function peerOf(conv: string, user: string): string | undefined {
  const [form, low, high, ...rest] = conv.split(':');
  if (form !== 'dm' || low === undefined || high === undefined || rest.length > 0) return undefined;
  if (user === low) return high;
  return user === high ? low : undefined;
}
