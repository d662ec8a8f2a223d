import type { Failure } from './types.js';

/** What a rejected promise of the client carries, and what `createClient` and `init` throw. */
export class SeqlineError extends Error implements Failure {
  override readonly name = 'SeqlineError';
  readonly code: string;
  readonly retryable: boolean;

  constructor({ code, message, retryable, cause }: Failure) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = retryable;
  }
}

/** What was caught, for people. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** What was caught, as it is told. An error of another copy of this package is known by its fields. */
export function failureOf(caught: unknown): Failure {
  if (typeof (caught as Partial<Failure> | undefined)?.retryable !== 'boolean') {
    return { code: 'client_crashed', message: messageOf(caught), retryable: false, cause: caught };
  }
  const { code, message, retryable, cause } = caught as Failure;
  return { code, message, retryable, ...(cause === undefined ? {} : { cause }) };
}

export function disposed(): SeqlineError {
  return new SeqlineError({
    code: 'disconnected',
    message: 'the client is disposed; make a new one',
    retryable: false,
  });
}
