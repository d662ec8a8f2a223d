/** JSON Web Tokens, good ones and bad ones. */
import { createHmac } from 'node:crypto';

export interface Claims {
  app: string;
  sub: string;
  scope: string;
  /** Seconds since the Unix epoch. */
  exp: number;
}

/** A token of these claims, signed with HS256 whatever the header says. */
export function signToken(
  claims: Readonly<Record<string, unknown>> | Claims,
  secret: string,
  header: Readonly<Record<string, unknown>> = { alg: 'HS256', typ: 'JWT' },
): string {
  const signed = [header, claims].map((part) => toBase64Url(JSON.stringify(part))).join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** A token that asks to be believed without a signature. */
export function unsignedToken(claims: Claims): string {
  return `${[{ alg: 'none', typ: 'JWT' }, claims]
    .map((part) => toBase64Url(JSON.stringify(part)))
    .join('.')}.`;
}

/** A token for a user, or for an operator, from a relay in development mode. */
export async function devToken(
  relayUrl: string,
  user: string,
  options: { ttl_s?: number; scope?: 'operator' } = {},
): Promise<string> {
  const response = await fetch(new URL('/dev/token', relayUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, ...options }),
  });
  if (!response.ok) throw new Error(`no token for ${user}: ${await response.text()}`);
  const { token } = (await response.json()) as { token: string };
  return token;
}

/** So many seconds from now, as a token has it. */
export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

const toBase64Url = (text: string): string => Buffer.from(text).toString('base64url');
