/**
 * Files of SQLite are damaged: what needs the damaged place is refused in words, everything else
 * is served, and a log that is cut short costs what was in the rest of it, and nothing before.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { foldBack, overwrite, page_bytes, leafWith, Remains, rootPage } from './damage.ts';
import { refusalOf, readiness } from './readiness.ts';

/** Large enough that the messages of two conversations are on pages of their own. */
const body_bytes = 3_000;
const messages = 12;
// SQLite's: a header of the log, then frames of a header and a page each.
const wal_header_bytes = 32;
const frame_bytes = 24 + page_bytes;

let relay: Relay;
beforeEach(async () => {
  relay = await Relay.start();
});
afterEach(async () => {
  await relay.dispose();
});

const text = (who: string, n: number): string => `${who}'s ${n}: ${'x'.repeat(body_bytes)}`;

async function fill(sender: string, peer: string): Promise<void> {
  const wire = await connect(sender);
  for (let n = 0; n < messages; n++) await wire.sendText(peer, text(sender, n), `${sender}-${n}`);
  wire.drop();
}

const connect = async (user: string): Promise<Wire> =>
  Wire.connect(relay.url, await devToken(relay.url, user), 'device');

async function history(user: string, peer: string): Promise<string[]> {
  const wire = await connect(user);
  try {
    const seen = await wire.history(directConversation(user, peer));
    return seen.map((message) => message.text);
  } finally {
    wire.drop();
  }
}

const all = (who: string): string[] => Array.from({ length: messages }, (_, n) => text(who, n));

test('a page of messages is damaged: its conversation is refused, the others go on', async () => {
  await fill('alice', 'bob');
  await fill('carol', 'dave');
  await relay.terminate();
  await foldBack(relay.file);
  const page = await leafWith(
    relay.file,
    all('alice').map((body) => body.slice(0, 20)),
  );
  const mend = await overwrite(relay.file, page * page_bytes, 64);
  await relay.start();

  await expect(history('alice', 'bob')).rejects.toThrow(/storage_damaged/);
  expect(await history('carol', 'dave')).toEqual(all('carol'));
  const carol = await connect('carol');
  await carol.sendText('dave', 'one more', 'more');
  // The session goes on, and nobody else is in it.
  carol.send({ history: { req: 1, conv: directConversation('carol', 'dave'), limit: 1 } });
  await carol.next('history');
  carol.drop();
  expect((await readiness(relay)).status).toBe(200);
  expect(relay.log).toMatch(/the database is damaged/);

  await relay.terminate();
  await foldBack(relay.file);
  await mend();
  await relay.start();
  expect(await history('alice', 'bob')).toEqual(all('alice'));
  expect(await history('carol', 'dave')).toEqual([...all('carol'), 'one more']);
  expect(relay.log).not.toMatch(/panicked/);
});

test('an index is damaged: what has to look there is refused for good, and reading goes on', async () => {
  await fill('alice', 'bob');
  await relay.terminate();
  await foldBack(relay.file);
  const page = await rootPage(relay.file, 'message_by_client');
  const mend = await overwrite(relay.file, page * page_bytes, page_bytes);
  await relay.start();

  const refusal = await refusalOf(relay, 'alice', 'bob');
  expect(refusal).toMatchObject({ code: 'storage_damaged', retryable: false });
  expect(refusal.message).toMatch(/nothing of this was done/);
  expect(await history('alice', 'bob')).toEqual(all('alice'));

  await relay.terminate();
  await foldBack(relay.file);
  await mend();
  await relay.start();
  const alice = await connect('alice');
  await alice.sendText('bob', 'again', 'probe');
  alice.drop();
  expect(await history('bob', 'alice')).toEqual([...all('alice'), 'again']);
});

test('the header is damaged: the relay does not start, and says why', async () => {
  await fill('alice', 'bob');
  await relay.terminate();
  await foldBack(relay.file);
  const mend = await overwrite(relay.file, 0, 16);
  await expect(relay.start()).rejects.toThrow(/is damaged.*docs\/recovery\.md/s);
  await mend();
  await relay.start();
  expect(await history('alice', 'bob')).toEqual(all('alice'));
});

test('a log that was cut short holds the first of what was written, whole and in order', async () => {
  await fill('alice', 'bob');
  await relay.kill();
  const remains = await Remains.of(relay.file);
  const bytes = await remains.walBytes();
  const frames = Math.floor((bytes - wal_header_bytes) / frame_bytes);
  const middle = wal_header_bytes + Math.floor(frames / 2) * frame_bytes;
  const tears: Record<string, number> = {
    'not at all': bytes,
    'in the last page': bytes - 1,
    'between two frames': middle,
    "in a frame's header": middle + 11,
    'in a page': middle + 24 + 1_000,
    'after the header': wal_header_bytes,
    'in the header': 10,
    'to nothing': 0,
  };
  const counts: number[] = [];
  for (const [where, length] of Object.entries(tears)) {
    await remains.restore();
    await remains.tear(length);
    await relay.start();
    const kept = await history('alice', 'bob').catch(unknownConversation);
    expect(kept, where).toEqual(all('alice').slice(0, kept.length));
    counts.push(kept.length);
    await relay.kill();
  }
  expect(counts[0]).toBe(messages);
  // The shorter the log, the less.
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(counts[2]).toBeGreaterThan(0);

  // One bit too many in the middle: what follows is not trusted.
  await remains.restore();
  await overwrite(remains.wal, middle + 24 + 100, 1);
  await relay.start();
  const kept = await history('alice', 'bob');
  expect(kept).toEqual(all('alice').slice(0, kept.length));
  expect(kept.length).toBeLessThan(messages);
});

/** Nothing was stored of it. */
const unknownConversation = (error: unknown): string[] => {
  if (String(error).includes('conversation_unknown')) return [];
  throw error;
};
