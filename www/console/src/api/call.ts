// One call of the relay's HTTP API.
import { isFresh, logInByName, type Login } from '@seqline/shared/session/login.ts';

import { ApiFailure } from './failure.ts';

const TIMEOUT_MS = 15_000;

/** Calls a method, for example `broadcasts.list`. @throws {ApiFailure} */
export type Call = (method: string, params: object) => Promise<unknown>;

/**
 * Calls as this operator. Where the relay gives tokens for the asking, one that ends is
 * replaced, and `renewed` is told.
 */
export function callerOf(login: Login, renewed: (login: Login) => void): Call {
  let now = login;
  const renew = async (): Promise<void> => {
    now = await logInByName(now.user, 'operator').catch((error: unknown) => {
      throw new ApiFailure('unreachable', (error as Error).message);
    });
    renewed(now);
  };
  return async (method, params) => {
    if (now.isDev && !isFresh(now, Date.now())) await renew();
    try {
      return await post(now.token, method, params);
    } catch (error) {
      // As after a restart of a development relay with another secret.
      const isRefused = error instanceof ApiFailure && error.code.startsWith('token_');
      if (!now.isDev || !isRefused) throw error;
      await renew();
      return post(now.token, method, params);
    }
  };
}

async function post(token: string, method: string, params: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`/v1/${method.replaceAll('.', '/')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(params),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    const text = 'The relay cannot be reached. Check that it runs and that you are online.';
    throw new ApiFailure('unreachable', text);
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body;
  const error = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  throw typeof error?.code === 'string' && typeof error.message === 'string'
    ? new ApiFailure(error.code, error.message)
    : new ApiFailure('unreachable', `What answered is not a Seqline relay (${response.status}).`);
}
