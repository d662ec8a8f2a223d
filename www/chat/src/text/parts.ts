// A text in its parts: plain, web addresses, names that are mentioned. Joined, they are the
// text again.
import { splitLinks, type TextPart as LinkPart } from './links.ts';
import { mentionsIn } from './mentions.ts';

export type TextPart = LinkPart | { type: 'mention'; text: string; user: string };

/** @param mentions whom the message mentions: others' names stay plain */
export function splitText(text: string, mentions: string[]): TextPart[] {
  const parts = splitLinks(text);
  if (mentions.length === 0) return parts;
  const isMeant = (user: string) => mentions.includes(user);
  return parts.flatMap((part) => (part.type === 'text' ? splitNames(part.text, isMeant) : [part]));
}

function splitNames(text: string, isMeant: (user: string) => boolean): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { user, start, end: next } of mentionsIn(text, isMeant)) {
    if (start > end) parts.push({ type: 'text', text: text.slice(end, start) });
    parts.push({ type: 'mention', text: text.slice(start, next), user });
    end = next;
  }
  if (end < text.length) parts.push({ type: 'text', text: text.slice(end) });
  return parts;
}
