// Who is logged in, with which token.

/** What a token is for: using the app, or running it. */
export type Scope = 'user' | 'operator';

/** A log-in of this window. */
export interface Login {
  user: string;
  app: string;
  token: string;
  /** When the token expires, if it says so. */
  expiresAt?: number;
  /** Whether the relay gives tokens to whoever asks. */
  isDev: boolean;
}

/** What a relay says of itself before anybody logs in. */
export interface RelayInfo {
  dev: boolean;
}

/** A token about to expire within this is not used any more. */
const EXPIRY_MARGIN_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** @throws {Error} with a sentence for people */
export async function fetchInfo(): Promise<RelayInfo> {
  const info = await request('/v1/info', {});
  return { dev: (info as Partial<RelayInfo>).dev === true };
}

/**
 * Logs in by name alone, at a relay in development mode.
 * @throws {Error} with a sentence for people
 */
export async function logInByName(user: string, scope: Scope = 'user'): Promise<Login> {
  const answer = await request('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(scope === 'user' ? { user } : { user, scope }),
  });
  const { token, app, expires_us } = answer as {
    token?: unknown;
    app?: unknown;
    expires_us?: unknown;
  };
  if (typeof token !== 'string' || typeof app !== 'string') {
    throw new Error(
      'The relay gave an answer that is not a token. Is this page of another version?',
    );
  }
  return {
    user,
    app,
    token,
    isDev: true,
    ...(typeof expires_us === 'number' ? { expiresAt: expires_us / 1_000 } : {}),
  };
}

/**
 * Logs in with a token. The relay checks it; this only reads whom it is of.
 * @throws {Error} with a sentence for people
 */
export function logInWithToken(text: string, wanted: Scope = 'user'): Login {
  const token = text.trim();
  if (token === '') throw new Error('Paste a token.');
  const { app, sub, scope, exp } = claimsOf(token);
  if (typeof app !== 'string' || typeof sub !== 'string') {
    throw new Error('This is not a token of Seqline: it names no app or user.');
  }
  if (typeof scope === 'string' && scope !== wanted) {
    throw new Error(`This token is of scope “${scope}”; this page needs one of “${wanted}”.`);
  }
  if (typeof exp === 'number' && exp * 1_000 < Date.now()) {
    throw new Error('This token has expired. Get a new one.');
  }
  return {
    user: sub,
    app,
    token,
    isDev: false,
    ...(typeof exp === 'number' ? { expiresAt: exp * 1_000 } : {}),
  };
}

/** Whether a log-in's token can still be used. */
export const isFresh = ({ expiresAt }: Login, now: number): boolean =>
  expiresAt === undefined || now < expiresAt - EXPIRY_MARGIN_MS;

interface Claims {
  app?: unknown;
  sub?: unknown;
  scope?: unknown;
  exp?: unknown;
}

function claimsOf(token: string): Claims {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) throw notAToken();
  try {
    const bytes = Uint8Array.from(
      atob(payload.replace(/-/g, '+').replace(/_/g, '/')),
      (character) => character.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    throw notAToken();
  }
}

const notAToken = () =>
  new Error('This is not a token: it should be three parts with dots between, and no spaces.');

async function request(path: string, init: RequestInit): Promise<object> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  } catch {
    throw new Error('The relay cannot be reached. Check that it runs and that you are online.');
  }
  if (!response.ok) throw new Error(await refusal(response));
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) {
    throw new Error('What answered is not a Seqline relay.');
  }
  return body;
}

async function refusal(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as
    { message?: unknown; error?: { message?: unknown } } | undefined;
  const message = body?.message ?? body?.error?.message;
  return typeof message === 'string' ? message : `The relay refused (${response.status}).`;
}
