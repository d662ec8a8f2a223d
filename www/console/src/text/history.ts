// Lines of the history, in words.
import type { AuditLine } from '../api/types.ts';
import { fieldNames, fieldOfPath } from './fields.ts';
import { formatMoment, formatWindow } from './moments.ts';

const verbs: Record<string, string> = {
  create: 'wrote',
  edit: 'edited',
  stage: 'staged',
  publish: 'published',
  wave: 'told the connected users of',
  stop: 'stopped',
  recall: 'recalled',
  delete: 'deleted',
  allow_list_replace: 'replaced the allow-list',
  allow_list_add: 'added to the allow-list',
  allow_list_remove: 'removed from the allow-list',
};

/** What was done; for a broadcast, its name follows. */
export const verbOf = ({ action }: AuditLine): string => verbs[action] ?? `did “${action}” with`;

export interface Detail {
  name: string;
  value: string;
}

/** What an action was given, flat: fields and their values, as the editor names them. */
export function detailsOf({ details }: AuditLine): Detail[] {
  const given: unknown = typeof details === 'string' ? parsed(details) : details;
  return flat('', given).map(({ name, value }) => ({ name: labelOf(name), value }));
}

function flat(name: string, value: unknown): Detail[] {
  if (value === null || value === undefined || value === '' || value === false) return [];
  if (Array.isArray(value)) return value.length > 0 ? [{ name, value: value.join(', ') }] : [];
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) =>
      flat(name === '' ? key : `${name}.${key}`, inner),
    );
  }
  const text = textOf(name, value);
  return [{ name: name === '' ? 'details' : name, value: text }];
}

function textOf(name: string, value: unknown): string {
  if (value === true) return 'yes';
  if (typeof value === 'number' && name.endsWith('_us')) return formatMoment(value);
  if (typeof value === 'number' && name.endsWith('window_ms')) return formatWindow(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const labels: Record<string, string> = {
  allow_list: 'Allow-list',
  percent: 'Percent of all users',
  users: 'Users',
  'wave.window_ms': 'Told over',
  window_ms: 'Told over',
  'wave.starts_us': 'Told from',
  starts_us: 'Told from',
};

function labelOf(path: string): string {
  const field = /^(content|audience)\.|^every_device$/.test(path) ? fieldOfPath(path) : undefined;
  return field === undefined ? (labels[path] ?? path) : fieldNames[field];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
