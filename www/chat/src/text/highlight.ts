// Where the words of a search stand in a text.

export interface HighlightPart {
  text: string;
  isFound: boolean;
}

/** What is shown before the first word that was found, in characters. */
const LEAD = 30;

/** The text from shortly before the first word that was found, in parts. */
export function highlight(text: string, search: string): HighlightPart[] {
  const words = search
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return [{ text, isFound: false }];
  const pattern = new RegExp(
    words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'),
    'giu',
  );
  const parts: HighlightPart[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    const before = text.slice(end, index);
    const lead = parts.length === 0 && before.length > LEAD ? `…${before.slice(-LEAD)}` : before;
    if (lead !== '') parts.push({ text: lead, isFound: false });
    parts.push({ text: found, isFound: true });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isFound: false });
  return parts;
}
