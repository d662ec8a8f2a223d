/**
 * Between the relay's words and the app's, in one place: snake_case, microseconds and bodies as
 * text there; camelCase, milliseconds and parsed bodies here.
 */
import type { Body } from './types.js';

/** Names that say by themselves that they are moments: `until_us` is `until`, not `untilAt`. */
const MOMENT = /(?:^|_)(?:at|since|until)$/;

interface Name {
  text: string;
  isTime: boolean;
}

const appNames = new Map<string, Name>();
const relayNames = new Map<string, Name>();

/** A value of the relay as the app sees it. Fields that are null are left out. */
export function toApp(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toApp);
  if (typeof value !== 'object' || value === null) return value;
  const raw = value as Record<string, unknown>;
  const converted: Record<string, unknown> = {};
  if ('client_msg_id' in raw && 'conv_seq' in raw) Object.assign(converted, messageDefaults());
  for (const [key, field] of Object.entries(raw)) {
    if (field === null || field === undefined) continue;
    const { text, isTime } = known(appNames, key, appName);
    converted[text] = isTime ? Math.floor((field as number) / 1000) : toApp(field);
  }
  if (typeof raw['kind'] === 'string' && typeof raw['body'] === 'string') {
    converted['body'] = bodyOf(raw['kind'], raw['body']);
  }
  return converted;
}

/** What the app gives, as the relay takes it. Fields that are undefined are left out. */
export function toRelay(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toRelay);
  if (typeof value !== 'object' || value === null) return value;
  const converted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const { text, isTime } = known(relayNames, key, relayName);
    converted[text] = isTime ? Math.round((field as number) * 1000) : toRelay(field);
  }
  return converted;
}

/** Kind `text` is what it is; anything else is JSON, or text if it is not valid JSON. */
export function bodyOf(kind: string, body: string): Body {
  if (kind === 'text') return body;
  try {
    return JSON.parse(body) as Body;
  } catch {
    return body;
  }
}

/** What a message leaves out when it is as usual. */
const messageDefaults = () => ({
  priority: 'normal',
  recalled: false,
  replaced: false,
  mentions: [],
});

/** The names are few, and messages many. */
function known(names: Map<string, Name>, key: string, make: (key: string) => Name): Name {
  let name = names.get(key);
  if (!name) names.set(key, (name = make(key)));
  return name;
}

function appName(key: string): Name {
  const isTime = key.endsWith('_us');
  let plain = isTime ? key.slice(0, -3) : key;
  if (isTime && !MOMENT.test(plain)) plain += '_at';
  return { text: plain.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), isTime };
}

function relayName(key: string): Name {
  const plain = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (!MOMENT.test(plain)) return { text: plain, isTime: false };
  return { text: `${plain.replace(/_at$/, '')}_us`, isTime: true };
}
