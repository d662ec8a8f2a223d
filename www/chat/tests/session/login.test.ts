import { afterEach, describe, expect, test, vi } from 'vitest';

import { fetchInfo, isFresh, logInByName, logInWithToken } from '@seqline/shared/session/login.ts';
import { TokenSource } from '../../src/session/tokens.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const tokenOf = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

function relayAnswers(status: number, body: unknown): void {
  const answer = () => Promise.resolve(new Response(JSON.stringify(body), { status }));
  vi.stubGlobal('fetch', vi.fn(answer));
}

describe('a pasted token', () => {
  test('says whom it is of', () => {
    expect(logInWithToken(` ${tokenOf({ app: 'a', sub: 'alice' })}\n`)).toMatchObject({
      app: 'a',
      user: 'alice',
      isDev: false,
    });
  });

  test.each([
    ['', 'Paste a token'],
    ['hello', 'not a token'],
    ['a.b.c', 'not a token'],
    [tokenOf({ sub: 'alice' }), 'names no app'],
    [tokenOf({ app: 'a', sub: 'alice', exp: 1 }), 'has expired'],
  ])('%j is refused with a reason', (token, reason) => {
    expect(() => logInWithToken(token)).toThrow(reason);
  });
});

describe('a relay', () => {
  test('says whether names are enough', async () => {
    relayAnswers(200, { dev: true });
    expect(await fetchInfo()).toEqual({ dev: true });
    relayAnswers(200, {});
    expect(await fetchInfo()).toEqual({ dev: false });
  });

  test('gives a token for a name', async () => {
    relayAnswers(200, { token: 't', app: 'dev', user: 'alice', expires_us: 5_000_000 });
    expect(await logInByName('alice')).toEqual({
      user: 'alice',
      app: 'dev',
      token: 't',
      expiresAt: 5_000,
      isDev: true,
    });
  });

  test('is quoted when it refuses', async () => {
    relayAnswers(400, { error: { code: 'field_invalid', message: 'user: too long' } });
    await expect(logInByName('alice')).rejects.toThrow('user: too long');
  });

  test('that is not there or is none is told from one', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')));
    await expect(fetchInfo()).rejects.toThrow('cannot be reached');
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>')));
    await expect(fetchInfo()).rejects.toThrow('not a Seqline relay');
  });
});

describe('tokens for the client', () => {
  const login = {
    user: 'alice',
    app: 'dev',
    token: 'old',
    isDev: true,
    expiresAt: Date.now() + 60_000,
  };

  function source(given = {}) {
    const renewed = vi.fn();
    const tokens = new TokenSource({ ...login, ...given }, renewed);
    const get = tokens.option;
    if (typeof get === 'string') throw new Error('A token in development mode can be renewed.');
    return { tokens, get, renewed };
  }

  test('are used as long as they last, also without the relay', async () => {
    relayAnswers(500, {});
    expect(await source().get('connect')).toBe('old');
  });

  test.each([
    ['expired', {}],
    ['connect', { expiresAt: 1 }],
  ] as const)('are renewed (%s, %j)', async (reason, given) => {
    relayAnswers(200, { token: 'new', app: 'dev' });
    const { get, renewed } = source(given);
    expect(await get(reason)).toBe('new');
    expect(renewed).toHaveBeenCalledWith(expect.objectContaining({ token: 'new' }));
  });

  test('are renewed when the relay does not know them, once until it accepts one', async () => {
    relayAnswers(200, { token: 'new', app: 'dev' });
    const { tokens, get } = source();
    expect(tokens.refuse()).toBe(true);
    expect(tokens.refuse()).toBe(false);
    expect(await get('connect')).toBe('new');
    tokens.accept();
    expect(tokens.refuse()).toBe(true);
  });

  test('that were pasted are all there is', () => {
    const pasted = new TokenSource({ ...login, isDev: false }, vi.fn());
    expect(pasted.option).toBe('old');
    expect(pasted.refuse()).toBe(false);
  });
});

test('a token is not used until its last second', () => {
  const login = { user: 'a', app: 'b', token: 'c', isDev: true };
  expect(isFresh(login, 0)).toBe(true);
  expect(isFresh({ ...login, expiresAt: 20_000 }, 9_000)).toBe(true);
  expect(isFresh({ ...login, expiresAt: 20_000 }, 11_000)).toBe(false);
});
