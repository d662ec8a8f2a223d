// Names in a text: who is meant, and what is being typed.
import { EVERYONE } from 'seqline';

/** Users that a message mentions, at most. */
const MENTIONS_MAX = 50;

/** An @ at the beginning of a word, and a user id after it. */
const MENTION = /(?<=^|[\s([{"'，。：])@([\w.\-@+=~]{1,64})/g;

export interface Mention {
  /** A user id, or `@all`. */
  user: string;
  /** Where it stands, with its @. */
  start: number;
  end: number;
}

/** Names in a text that are meant: what nobody is called stays plain text. */
export function mentionsIn(text: string, isMeant: (user: string) => boolean): Mention[] {
  const mentions: Mention[] = [];
  for (const { 1: word = '', index } of text.matchAll(MENTION)) {
    const user = nameIn(word, isMeant);
    if (user === undefined) continue;
    const shown = user === EVERYONE ? EVERYONE : `@${user}`;
    mentions.push({ user, start: index, end: index + shown.length });
  }
  return mentions;
}

/** Whom a message mentions, each once. */
export function mentionedUsers(text: string, isMeant: (user: string) => boolean): string[] {
  return [...new Set(mentionsIn(text, isMeant).map(({ user }) => user))].slice(0, MENTIONS_MAX);
}

/** The name that is being typed before the caret: from its @ on, without it. */
export function typedName(
  text: string,
  caret: number,
): { start: number; name: string } | undefined {
  const found = /(?:^|[\s([{"'，。：])@([\w.\-@+=~]{0,64})$/.exec(text.slice(0, caret));
  const name = found?.[1];
  return name === undefined ? undefined : { start: caret - name.length - 1, name };
}

/** A sentence may end right after a name: `@bob.` means bob. */
function nameIn(word: string, isMeant: (user: string) => boolean): string | undefined {
  const named = (name: string) => (name === 'all' ? EVERYONE : name);
  if (isMeant(named(word))) return named(word);
  const bare = word.replace(/[.\-~=+]+$/, '');
  return bare !== '' && isMeant(named(bare)) ? named(bare) : undefined;
}
