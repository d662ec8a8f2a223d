import { beforeAll, describe, expect, test } from 'vitest';

import { Relay } from '../support/relay.ts';
import { secondsFromNow, signToken, unsignedToken, type Claims } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';
import { refusals } from './metrics.ts';

const secret = 'a secret that is long enough for HS256, of a test';
const otherSecret = 'the secret of another app, also long enough for it';

let relay: Relay;
let bystander: Wire;

const claims = (changes: Partial<Claims> = {}): Claims => ({
  app: 'shop',
  sub: 'alice',
  scope: 'user',
  exp: secondsFromNow(3600),
  ...changes,
});

beforeAll(async () => {
  relay = await Relay.start({ apps: { shop: secret, other: otherSecret } });
  return () => relay.dispose();
});

beforeAll(async () => {
  bystander = await Wire.connect(relay.url, signToken(claims({ sub: 'bob' }), secret));
});

const invalid = { errors: ['token_invalid'], close: 4010 };
const expired = { errors: ['token_expired'], close: 4011 };
const forbidden = { errors: ['scope_forbidden'], close: 4012 };

const good = signToken(claims(), secret);
const [header, payload, signature] = good.split('.') as [string, string, string];

const bad = {
  'of no algorithm': [unsignedToken(claims()), invalid],
  'of no algorithm, with a signature': [signToken(claims(), secret, { alg: 'none' }), invalid],
  'of another algorithm': [signToken(claims(), secret, { alg: 'HS512', typ: 'JWT' }), invalid],
  'without a signature': [`${header}.${payload}.`, invalid],
  'of another key': [signToken(claims(), otherSecret), invalid],
  'with other claims than were signed': [
    `${header}.${signToken(claims({ sub: 'bob' }), secret).split('.')[1] ?? ''}.${signature}`,
    invalid,
  ],
  'of an unknown app': [signToken(claims({ app: 'nobody' }), secret), invalid],
  'of another app, signed with the key of this one': [
    signToken(claims({ app: 'other' }), secret),
    invalid,
  ],
  'of a user who cannot be': [signToken(claims({ sub: 'a:b' }), secret), invalid],
  'without an end': [signToken({ app: 'shop', sub: 'alice', scope: 'user' }, secret), invalid],
  'of an unknown scope': [signToken(claims({ scope: 'god' }), secret), invalid],
  'that is no token': ['hello', invalid],
  'that is empty': ['', invalid],
  'that is too long': [`${good}${'x'.repeat(9_000)}`, invalid],
  'that has expired': [signToken(claims({ exp: secondsFromNow(-60) }), secret), expired],
  'of scope server': [signToken(claims({ scope: 'server' }), secret), forbidden],
  'of scope operator': [signToken(claims({ scope: 'operator' }), secret), forbidden],
} as const;

describe('a token is refused', () => {
  for (const [what, [token, expected]] of Object.entries(bad)) {
    test(what, async () => {
      const [code] = expected.errors;
      const before = await refusals(relay.url, code);
      const wire = await Wire.open(relay.url);
      wire.send({ hello: { version: 1, token, device: 'd', host: 'h' } });
      expect(await wire.outcome()).toEqual(expected);
      expect(await refusals(relay.url, code)).toBe(before + 1);
      expect(await bystander.ping()).toEqual({ errors: [] });
    });
  }
});

test('a good one is taken', async () => {
  const wire = await Wire.open(relay.url);
  wire.send({ hello: { version: 1, token: good, device: 'd', host: 'h' } });
  expect(await wire.next('welcome')).toMatchObject({ app: 'shop', user: 'alice', head: 0 });
  wire.drop();
});

test('a fresh token of another user does not take over a session', async () => {
  const wire = await Wire.connect(relay.url, good);
  for (const [changes, code] of [
    [{ sub: 'bob' }, 'token_mismatch'],
    [{ app: 'other' }, 'token_mismatch'],
  ] as const) {
    const key = 'app' in changes ? otherSecret : secret;
    wire.send({ refresh: { req: 1, token: signToken(claims(changes), key) } });
    expect(await wire.outcome()).toEqual({ errors: [code] });
  }
  wire.drop();
});

test('users of two apps who have the same name never meet', async () => {
  const here = await Wire.connect(relay.url, signToken(claims({ sub: 'zoe' }), secret));
  const there = await Wire.open(relay.url);
  const token = signToken(claims({ app: 'other', sub: 'bob' }), otherSecret);
  await here.sendText('bob', 'for the bob of this app', 'm1');
  there.send({ hello: { version: 1, token, device: 'd', host: 'h' } });
  expect(await there.next('welcome')).toMatchObject({ app: 'other', user: 'bob', head: 0 });
  there.send({ conversations: { req: 1 } });
  expect(await there.next('conversations')).toMatchObject({ conversations: [] });
  here.drop();
  there.drop();
});
