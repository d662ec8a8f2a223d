/** The id of the direct conversation of two users, the same whichever is named first. */
export function directConversation(one: string, other: string): string {
  // User ids are ASCII: comparing UTF-16 units is comparing bytes, as the protocol does.
  return one <= other ? `dm:${one}:${other}` : `dm:${other}:${one}`;
}

/**
 * The other user of a direct conversation; the user herself for notes to herself.
 * @returns `undefined` if it is not a direct conversation of `user`
 */
export function peerOf(conv: string, user: string): string | undefined {
  const [form, low, high, ...rest] = conv.split(':');
  if (form !== 'dm' || low === undefined || high === undefined || rest.length > 0) return undefined;
  if (user === low) return high;
  if (user === high) return low;
  return undefined;
}

/** What to call a conversation when only its id is known. */
export function conversationTitle(conv: string, user: string): string {
  const peer = peerOf(conv, user);
  if (peer === undefined) return conv.slice(conv.indexOf(':') + 1);
  return peer === user ? `${peer} (you)` : peer;
}
