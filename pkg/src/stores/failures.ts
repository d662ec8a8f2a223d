import { messageOf } from '../error.js';
import type { Failure } from '../types.js';

/** What a rejected call says. Errors of another copy of this package are known by their fields. */
export function failureOf(caught: unknown): Failure {
  const { code, retryable } = caught as Partial<Failure>;
  return {
    code: typeof code === 'string' ? code : 'client_crashed',
    message: messageOf(caught),
    retryable: retryable === true,
  };
}
