export type TextPart =
  { type: 'text'; text: string } | { type: 'link'; text: string; href: string };

const CANDIDATE = /https?:\/\/[^\s<>"'`，。；、！？「」『』（）【】《》]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?*_~]+$/;

/** Splits a text into plain parts and web addresses. Joined, they are the text again. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const link = withoutTail(candidate);
    const href = webAddress(link);
    if (href === undefined) continue;
    if (index > end) parts.push({ type: 'text', text: text.slice(end, index) });
    parts.push({ type: 'link', text: link, href });
    end = index + link.length;
  }
  if (end < text.length) parts.push({ type: 'text', text: text.slice(end) });
  return parts;
}

function withoutTail(candidate: string): string {
  const link = candidate.replace(TRAILING, '');
  const opens = link.split('(').length;
  const closes = link.split(')').length;
  return link.endsWith(')') && closes > opens ? withoutTail(link.slice(0, -1)) : link;
}

function webAddress(link: string): string | undefined {
  if (!URL.canParse(link)) return undefined;
  const { protocol, href } = new URL(link);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}
