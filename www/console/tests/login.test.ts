import { logInWithToken } from '@seqline/shared/session/login.ts';
import { expect, test } from 'vitest';

const tokenOf = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

test('a token of another scope is refused before it is tried', () => {
  const token = tokenOf({ app: 'a', sub: 'alice', scope: 'user' });
  expect(() => logInWithToken(token, 'operator')).toThrow('scope “user”');
  const good = tokenOf({ app: 'a', sub: 'alice', scope: 'operator' });
  expect(logInWithToken(good, 'operator')).toMatchObject({ user: 'alice', isDev: false });
});
