/** How long a sign of typing counts, in milliseconds. */
export const TYPING_SHOWN_MS = 6_000;

/** Until when each user is taken to be typing, by conversation and user. */
export type Typing = Map<string, Map<string, number>>;

export function noteTyping(typing: Typing, conv: string, user: string, now: number): void {
  const users = typing.get(conv) ?? new Map<string, number>();
  users.set(user, now + TYPING_SHOWN_MS);
  typing.set(conv, users);
}

export function clearTyping(typing: Typing, conv: string, user: string): void {
  typing.get(conv)?.delete(user);
}

/** Drops the signs that are too old. @returns when the next one will be, if there are any */
export function expireTyping(typing: Typing, now: number): number | undefined {
  let next: number | undefined;
  for (const [conv, users] of typing) {
    for (const [user, until] of users) {
      if (until <= now) users.delete(user);
      else next = Math.min(next ?? until, until);
    }
    if (users.size === 0) typing.delete(conv);
  }
  return next;
}

export const typingIn = (typing: Typing, conv: string): string[] => [
  ...(typing.get(conv)?.keys() ?? []),
];
