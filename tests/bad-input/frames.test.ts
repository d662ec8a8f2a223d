import { beforeAll, describe, expect, test } from 'vitest';

import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { badFrames, refusedVectors, type BadFrame } from './frames.ts';
import { refusals } from './metrics.ts';

const vectors = await refusedVectors();

let relay: Relay;
let alice: Wire;
let token: string;

beforeAll(async () => {
  relay = await Relay.start();
  return () => relay.dispose();
});

beforeAll(async () => {
  alice = await Wire.connect(relay.url, await devToken(relay.url, 'alice'));
  await alice.sendText('mallory', 'the only message', 'm1');
  token = await devToken(relay.url, 'mallory');
});

/** Says it in a session of its own, while another user's goes on. */
async function checkRefused({ payload, isBinary, expected }: BadFrame): Promise<void> {
  const [code] = expected.errors;
  const before = await refusals(relay.url, code);
  const mallory = await Wire.connect(relay.url, token, 'bad');
  mallory.sendRaw(payload, isBinary);
  expect(await mallory.outcome()).toEqual(expected);
  mallory.drop();
  expect(await refusals(relay.url, code)).toBe(before + 1);
  expect(await alice.ping()).toEqual({ errors: [] });
}

test('the vectors are there, with every way in which a frame can be bad', () => {
  const codes = new Set(vectors.flatMap(({ expected }) => expected.errors));
  expect([...codes].sort()).toEqual([
    'field_invalid',
    'frame_malformed',
    'frame_too_large',
    'frame_unknown',
  ]);
});

describe('what no decoder takes is refused with its code', () => {
  for (const frame of vectors) test(frame.name, () => checkRefused(frame));
});

describe('so is what only the relay can know', () => {
  for (const frame of badFrames) test(frame.name, () => checkRefused(frame));
});

test('a frame far over the limit ends the connection, and is counted', async () => {
  const before = await refusals(relay.url, 'frame_too_large');
  const mallory = await Wire.connect(relay.url, token, 'bad');
  mallory.sendRaw('x'.repeat(8 * 1024 * 1024));
  // The relay need not read all of it only to say why it hangs up.
  expect([4001, 1006]).toContain(await mallory.closed);
  expect(await refusals(relay.url, 'frame_too_large')).toBe(before + 1);
  expect(await alice.ping()).toEqual({ errors: [] });
});

test('the first frame is a hello', async () => {
  const wire = await Wire.open(relay.url);
  wire.send({ send: { client_msg_id: 'a', to: { user: 'alice' }, kind: 'text', body: 'a' } });
  expect(await wire.outcome()).toEqual({ errors: ['hello_expected'], close: 4002 });
});

test('a version that the relay does not speak is refused', async () => {
  const wire = await Wire.open(relay.url);
  wire.send({ hello: { version: 999, token, device: 'd', host: 'h' } });
  expect(await wire.outcome()).toEqual({ errors: ['version_unsupported'], close: 4004 });
});

test('the same id with another body is a conflict, and the first body stays', async () => {
  const bob = await Wire.connect(relay.url, await devToken(relay.url, 'bob'));
  const first = await bob.sendText('carol', 'one', 'same');
  expect(await bob.sendText('carol', 'one', 'same')).toEqual({ ...first, duplicate: true });
  bob.send({ send: { client_msg_id: 'same', to: { user: 'carol' }, kind: 'text', body: 'two' } });
  expect(await bob.outcome()).toEqual({ errors: ['id_conflict'] });
  expect(await bob.history(directConversation('bob', 'carol'))).toEqual([
    { sender: 'bob', text: 'one' },
  ]);
  bob.drop();
});

// Last: after all of the above.
test('nothing of it was stored', async () => {
  const mallory = await Wire.open(relay.url);
  mallory.send({ hello: { version: 1, token, device: 'new', host: 'test' } });
  expect(await mallory.next('welcome')).toMatchObject({ user: 'mallory', head: 1, cursor: 0 });
  mallory.send({ conversations: { req: 1 } });
  const { conversations } = await mallory.next('conversations');
  expect(conversations).toMatchObject([{ conv: 'dm:alice:mallory', head: 1 }]);
  mallory.drop();
  expect(await alice.history(directConversation('alice', 'mallory'))).toEqual([
    { sender: 'alice', text: 'the only message' },
  ]);
});
