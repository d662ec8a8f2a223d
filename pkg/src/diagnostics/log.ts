/** What is made of the journal: a log, and reports. Loaded when one of them is asked for. */
import type { Client, ClientOptions } from '../types.js';
import { VERSION } from '../version.js';
import type { Journal, JournalEntry } from './journal.js';
import type { LogEntry, LogLevel, Report } from './types.js';

const LEVELS: LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

/** Tells of what is in the journal, and of all that will be. */
export function startLog(
  journal: Journal,
  { log = 'info', logger = toConsole }: ClientOptions,
): void {
  const told = LEVELS.indexOf(log);
  journal.listener = (entry) => {
    const levelled = withLevel(entry);
    if (LEVELS.indexOf(levelled.level) > told) return;
    try {
      logger(levelled);
    } catch (error) {
      console.error('seqline: `logger` failed', error);
    }
  };
  journal.frame = (way, frame) => {
    journal.note('frame', { way, kind: kindOf(frame), bytes: frame.length });
  };
  journal.entries.forEach(journal.listener);
}

export function reportOf(client: Client, host: string, journal: Journal): Report {
  const agent = typeof navigator === 'object' ? navigator.userAgent : undefined;
  const { state } = client;
  return {
    version: VERSION,
    at: Date.now(),
    host,
    ...(agent === undefined ? {} : { agent }),
    // What was caught may hold anything.
    state: JSON.parse(
      JSON.stringify(state, (name, value: unknown) => (name === 'cause' ? undefined : value)),
    ) as Report['state'],
    stats: client.stats(),
    log: journal.entries.map(withLevel),
  };
}

const withLevel = (entry: JournalEntry): LogEntry => ({ ...entry, level: levelOf(entry) });

function levelOf({ event, retryable, status }: JournalEntry): LogEntry['level'] {
  if (event === 'error') return retryable === true ? 'warn' : 'error';
  if (event === 'kicked' || event === 'reset' || status === 'failed') return 'warn';
  return event === 'state' || event === 'synced' ? 'info' : 'debug';
}

function toConsole({ at, level, event, ...fields }: LogEntry): void {
  console[level](`seqline ${new Date(at).toISOString()} ${event}`, fields);
}

/** The name of a frame: a map of one key, in JSON or in CBOR. */
function kindOf(frame: string | Uint8Array): string {
  if (typeof frame === 'string') return /^\s*\{\s*"(\w+)"/.exec(frame)?.[1] ?? 'unknown';
  const [map, key = 0] = frame;
  // One key, whose name is a text of up to 23 bytes.
  if (map !== 0xa1 || key < 0x60 || key > 0x77) return 'unknown';
  return String.fromCharCode(...frame.subarray(2, 2 + key - 0x60));
}
