import type { ConnectionState } from 'seqline';
import { expect, test } from 'vitest';

import { connectionWords, type ConnectionFacts } from '../../src/session/connection.ts';

const words = (state: ConnectionState, given: Partial<ConnectionFacts> = {}) =>
  connectionWords({ state, since: 1_000, wasConnected: true, ...given });

const connecting = { state: 'connecting', attempt: 1, retryInMs: 0, offline: false } as const;

test('being connected needs no words', () => {
  expect(words({ state: 'connected', user: 'alice', session: 's', transport: 'socket' }).tone).toBe(
    'fine',
  );
});

test('waiting says until when, and that it can be cut short', () => {
  expect(words({ ...connecting, retryInMs: 4_000 })).toMatchObject({
    retryAt: 5_000,
    action: 'try-now',
    tone: 'warning',
  });
});

test('trying says whether it is the first time', () => {
  expect(words(connecting).text).toBe('Reconnecting…');
  expect(words({ ...connecting, attempt: 0 }, { wasConnected: false }).text).toBe('Connecting…');
});

test('being offline promises nothing that a button could do', () => {
  expect(words({ ...connecting, offline: true })).toMatchObject({ text: 'You are offline.' });
  expect(words({ ...connecting, offline: true }).action).toBeUndefined();
});

test.each([
  ['replaced', 'use-here'],
  ['device_policy', 'use-here'],
  ['session_ended', 'log-in'],
] as const)('a kick for %s offers %s', (reason, action) => {
  const ended = words(
    { state: 'disconnected', reason: 'kicked' },
    { kicked: { reason, message: '' } },
  );
  expect(ended).toMatchObject({ action, tone: 'ended' });
});

test.each([
  ['token_expired', 'log-in'],
  ['token_invalid', 'log-in'],
  ['version_unsupported', 'reload'],
  ['wasm_unavailable', 'reload'],
  ['something_new', 'log-in'],
])('a refusal with %s offers %s', (code, action) => {
  const failure = { code, message: 'why', retryable: false };
  expect(words({ state: 'disconnected', reason: 'refused' }, { failure })).toMatchObject({
    action,
  });
});
