// Where "New messages" stands in the open conversation: after what was read when the
// user last looked away, or when it was opened. It stays there while they read.
import type { Chat } from './chat.ts';
import { unreadOf } from './conversation-rows.ts';

/**
 * Sets the divider if something new came unseen.
 * @param isInView whether the user sees the end of the open conversation
 */
export function updateDivider(chat: Chat, isInView: boolean): void {
  const row = chat.open === undefined ? undefined : chat.rows.get(chat.open);
  if (!row) return;
  if (unreadOf(row) > 0 && (!isInView || chat.isJustOpened)) chat.dividerAfter = row.read;
  if (isInView) chat.isJustOpened = false;
}

/** Who writes has seen what was new. */
export function clearDivider(chat: Chat): void {
  delete chat.dividerAfter;
}
