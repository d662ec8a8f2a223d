// The connection in plain words: what is the case, and what can be done.
import type { ConnectionState, Events, Failure } from 'seqline';

export type ConnectionAction = 'connect' | 'try-now' | 'use-here' | 'log-in' | 'reload';

export interface ConnectionWords {
  text: string;
  /** What it means for the user, or what to do. */
  advice?: string;
  action?: ConnectionAction;
  /** When the next attempt is due. */
  retryAt?: number;
  tone: 'fine' | 'busy' | 'warning' | 'ended';
}

export interface ConnectionFacts {
  state: ConnectionState;
  /** When that state was told. */
  since: number;
  wasConnected: boolean;
  kicked?: Events['kicked'];
  /** The last error that no call was waiting for. */
  failure?: Failure;
}

const kept = 'What you write is kept, and sent when the connection is back.';

export function connectionWords(facts: ConnectionFacts): ConnectionWords {
  const { state, wasConnected } = facts;
  switch (state.state) {
    case 'connected':
      return { text: 'Connected', tone: 'fine' };
    case 'connecting':
      if (state.offline) return { text: 'You are offline.', advice: kept, tone: 'warning' };
      if (state.retryInMs > 0) {
        const retryAt = facts.since + state.retryInMs;
        return {
          text: 'No connection.',
          advice: kept,
          action: 'try-now',
          retryAt,
          tone: 'warning',
        };
      }
      return {
        text: wasConnected || state.attempt > 0 ? 'Reconnecting…' : 'Connecting…',
        tone: 'busy',
      };
    case 'disconnected':
      return { tone: 'ended', ...whyEnded(state.reason, facts) };
  }
}

type Ended = Pick<ConnectionWords, 'text' | 'advice' | 'action'>;

function whyEnded(reason: string, { kicked, failure }: ConnectionFacts): Ended {
  switch (reason) {
    case 'initial':
      return { text: 'Not connected yet.' };
    case 'requested':
      return { text: 'Disconnected.', action: 'connect' };
    case 'kicked':
      return whyKicked(kicked);
    case 'crashed':
      return {
        text: 'Something broke in this page.',
        advice: 'Reload it; nothing is lost.',
        action: 'reload',
      };
    default:
      return whyRefused(failure);
  }
}

function whyKicked(kicked: Events['kicked'] | undefined): Ended {
  switch (kicked?.reason) {
    case 'replaced':
      return {
        text: 'This chat was opened in another window.',
        advice: 'It is connected in one window at a time.',
        action: 'use-here',
      };
    case 'device_policy':
      return { text: 'You logged in on another device.', action: 'use-here' };
    default:
      return { text: 'You were logged out.', action: 'log-in' };
  }
}

function whyRefused(failure: Failure | undefined): Ended {
  switch (failure?.code) {
    case 'token_expired':
      return { text: 'Your log-in has expired.', action: 'log-in' };
    case 'token_invalid':
    case 'scope_forbidden':
      return {
        text: 'The relay does not accept your log-in.',
        advice: failure.message,
        action: 'log-in',
      };
    case 'version_unsupported':
      return { text: 'This page is out of date.', advice: 'Reload it to go on.', action: 'reload' };
    case 'wasm_unavailable':
      return {
        text: 'This page could not be loaded completely.',
        advice: failure.message,
        action: 'reload',
      };
    default:
      return {
        text: 'The connection was refused.',
        ...(failure ? { advice: failure.message } : {}),
        action: 'log-in',
      };
  }
}
