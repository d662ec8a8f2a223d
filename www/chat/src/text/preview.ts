import type { Body } from 'seqline';

const LENGTH_MAX = 120;

/** A message in one short line. */
export function previewOf(kind: string, body: Body): string {
  if (kind !== 'text' || typeof body !== 'string') return `[${kind}]`;
  const line = body
    .slice(0, 4 * LENGTH_MAX)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX)}…` : line;
}
