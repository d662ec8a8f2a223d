// What a rejected call of the client means for the user.
import type { Failure } from 'seqline';

/** Codes that say no more than that the connection was away: the next one heals them. */
const CONNECTION_CODES = new Set([
  'not_connected',
  'disconnected',
  'timeout',
  'draining',
  'overloaded',
]);

const NO_CONNECTION = 'There is no connection at the moment. Try again when it is back.';

const TEXTS: Record<string, string> = {
  body_too_large: 'The message is too long. Send it in parts.',
  id_conflict: 'Another message with this id was sent before.',
  outbox_full: 'Too many messages are waiting to be sent. Wait until the connection is back.',
  recall_refused: 'This message can no longer be taken back.',
  edit_refused: 'This message can no longer be edited.',
  not_allowed: 'Your role in this group does not allow that.',
  muted: 'You cannot write here at the moment.',
  conversation_exists: 'This name is taken. Choose another one.',
  conversation_full: 'There is no room for more.',
  user_unknown: 'There is no such user.',
  connection_lost: 'The connection was lost. Look whether it was done, and try again if not.',
  message_unknown: 'This message no longer exists.',
  conversation_unknown: 'There is no such conversation.',
  not_connected: NO_CONNECTION,
  disconnected: NO_CONNECTION,
  timeout: 'The relay gave no answer in time.',
  storage_failed: 'This device has no room to keep the message.',
};

export const isConnectionFailure = (error: unknown): boolean => CONNECTION_CODES.has(codeOf(error));

/** Whether the same may work later. */
export const isRetryable = (error: unknown): boolean => isFailure(error) && error.retryable;

/** A sentence for people. */
export function failureText(error: unknown): string {
  const known = TEXTS[codeOf(error)];
  if (known !== undefined) return known;
  return error instanceof Error || isFailure(error) ? error.message : String(error);
}

/** The code of a failure; empty if it is something else. */
export function codeOf(error: unknown): string {
  return isFailure(error) ? error.code : '';
}

function isFailure(error: unknown): error is Failure {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
