// Lines of the history, in words.
import type { AuditLine } from '../api/types.ts';

const texts: Record<string, string> = {
  create: 'wrote it',
  edit: 'edited it',
  stage: 'staged it',
  publish: 'published it',
  wave: 'told the connected users',
  stop: 'stopped it',
  recall: 'recalled it',
  delete: 'deleted it',
  'allow_list.replace': 'replaced the allow-list',
  'allow_list.add': 'added to the allow-list',
  'allow_list.remove': 'removed from the allow-list',
};

export const actionText = (line: AuditLine): string =>
  texts[line.broadcast === undefined ? listAction(line.action) : line.action] ??
  `did “${line.action}”`;

const listAction = (action: string): string =>
  `allow_list.${action.replace(/^allow_list[._]/, '')}`;

export interface Detail {
  name: string;
  value: string;
}

/** What an action was given, flat: `audience.segments` and its value. */
export function detailsOf({ details }: AuditLine): Detail[] {
  const given: unknown = typeof details === 'string' ? parsed(details) : details;
  return flat('', given);
}

function flat(name: string, value: unknown): Detail[] {
  if (value === null || value === undefined || value === '' || value === false) return [];
  if (Array.isArray(value)) return value.length > 0 ? [{ name, value: value.join(', ') }] : [];
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) =>
      flat(name === '' ? key : `${name}.${key}`, inner),
    );
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [{ name: name === '' ? 'details' : name, value: text }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
