/** What a client tells of itself: for logs, and for reports of bugs. */
import type { ConnectionState, Stats } from '../types.js';

/** How much is logged: this, and what is worse. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Something that happened. Never a body, a title, a token, or anything else that people wrote. */
export interface LogEntry {
  /** When, by this device's clock. */
  at: number;
  level: Exclude<LogLevel, 'silent'>;
  /** The event's name, or `frame`. */
  event: string;
  /** Its names, ids and numbers: `code`, `conv`, `convSeq`, `attempt` and the like. */
  [field: string]: string | number | boolean;
}

/** What a client knows of itself. JSON can hold all of it. */
export interface Report {
  /** Of this package. */
  version: string;
  /** When it was made. */
  at: number;
  /** What it runs in, for example `browser`. */
  host: string;
  /** The browser's name for itself, where there is one. */
  agent?: string;
  state: ConnectionState;
  stats: Stats;
  /** The latest events, oldest first; at most 500. */
  log: LogEntry[];
}
