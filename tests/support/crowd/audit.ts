/** What a database holds, read past the relay, and whether it is as promised. */
import type { Backend } from '../backend.ts';
import type { Seen } from '../ledger.ts';
import type { Relay } from '../relay.ts';

/** Messages by conversation, in their order. */
export type Stored = ReadonlyMap<string, readonly Seen[]>;

interface HoleRow {
  owner: number;
  entries: number;
  first: number;
  last: number;
}

interface MessageRow {
  conv: string;
  conv_seq: number;
  sender: string;
  text: string;
}

interface PointerRow {
  owner: string;
  conv: string;
  conv_seq: number;
}

interface ReadRow {
  user: string;
  conv: string;
  upto: number;
}

interface RecalledRow {
  conv: string;
  conv_seq: number;
  length: number;
}

/** Every timeline and every conversation is numbered 1, 2, 3 … without a hole. */
export async function auditNumbers(backend: Backend, relay: Relay): Promise<string[]> {
  const [timelines, conversations] = await Promise.all([
    backend.query<HoleRow>(holes('owner_id', 'seq', 'timeline'), relay),
    backend.query<HoleRow>(holes('conv_id', 'conv_seq', 'message'), relay),
  ]);
  const say =
    (what: string) =>
    ({ owner, entries, first, last }: HoleRow): string =>
      `${what} ${owner} has ${entries} entries from ${first} to ${last}`;
  return [...timelines.map(say('timeline')), ...conversations.map(say('conversation'))];
}

const holes = (owner: string, seq: string, table: string): string =>
  `SELECT ${owner} AS owner, count(*) AS entries, min(${seq}) AS first, max(${seq}) AS last
   FROM ${table} GROUP BY ${owner}
   HAVING min(${seq}) <> 1 OR count(*) <> max(${seq}) OR count(DISTINCT ${seq}) <> count(*)`;

/** All messages; those that were taken back by their id, which is what their text was. */
export async function readStored(backend: Backend, relay: Relay): Promise<Stored> {
  const { users, body, recalled } = backend.words;
  const rows = await backend.query<MessageRow>(
    `SELECT c.name AS conv, m.conv_seq, s.name AS sender,
       CASE WHEN ${recalled} THEN m.client_msg_id ELSE ${body} END AS text
     FROM message m
     JOIN conversation c ON c.conv_id = m.conv_id
     JOIN "${users}" s ON s.user_id = m.sender_id
     ORDER BY c.name, m.conv_seq`,
    relay,
  );
  const stored = new Map<string, Seen[]>();
  for (const { conv, sender, text } of rows) {
    const messages = stored.get(conv) ?? [];
    messages.push({ sender, text });
    stored.set(conv, messages);
  }
  return stored;
}

/**
 * Every message is pointed to once from each timeline that it goes to, in order, and from no other.
 *
 * @param owners the timelines that a conversation's messages go to: users, or itself if it is a crowd
 */
export async function auditPointers(
  backend: Backend,
  relay: Relay,
  owners: (conv: string) => readonly string[],
): Promise<string[]> {
  const { users } = backend.words;
  const [stored, pointers] = await Promise.all([
    readStored(backend, relay),
    backend.query<PointerRow>(
      `SELECT coalesce(u.name, own.name) AS owner, c.name AS conv, t.conv_seq
       FROM timeline t
       JOIN conversation c ON c.conv_id = t.conv_id
       LEFT JOIN "${users}" u ON u.user_id = t.owner_id
       LEFT JOIN conversation own ON own.conv_id = -t.owner_id
       WHERE t.kind = 0 ORDER BY t.owner_id, t.seq`,
      relay,
    ),
  ]);
  const places = new Map<string, number[]>();
  for (const { owner, conv, conv_seq } of pointers) {
    const key = `${owner} ${conv}`;
    const seqs = places.get(key) ?? [];
    seqs.push(conv_seq);
    places.set(key, seqs);
  }
  const problems: string[] = [];
  for (const [conv, messages] of stored) {
    for (const owner of owners(conv)) {
      const seqs = places.get(`${owner} ${conv}`) ?? [];
      places.delete(`${owner} ${conv}`);
      const isWhole = seqs.length === messages.length && seqs.every((seq, i) => seq === i + 1);
      if (!isWhole) {
        const has = `${seqs.length} of ${messages.length} messages`;
        problems.push(`${owner}'s timeline has ${has} of ${conv}, or not in order`);
      }
    }
  }
  const strays = [...places.keys()].map((key) => `a timeline has what is not for it: ${key}`);
  return [...problems, ...strays];
}

/**
 * Users have read as far as they said, and what was taken back is what is marked so, and empty.
 *
 * @param marks places by user and conversation
 * @param recalled places by conversation
 */
export async function auditMarks(
  backend: Backend,
  relay: Relay,
  marks: ReadonlyMap<string, ReadonlyMap<string, number>>,
  recalled: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<string[]> {
  const { users, body, recalled: isRecalled } = backend.words;
  const [reads, taken] = await Promise.all([
    backend.query<ReadRow>(
      `SELECT u.name AS "user", c.name AS conv, r.read AS upto
       FROM member r
       JOIN conversation c ON c.conv_id = r.conv_id
       JOIN "${users}" u ON u.user_id = r.user_id`,
      relay,
    ),
    backend.query<RecalledRow>(
      `SELECT c.name AS conv, m.conv_seq, length(${body}) AS length
       FROM message m JOIN conversation c ON c.conv_id = m.conv_id WHERE ${isRecalled}`,
      relay,
    ),
  ]);
  const stored = new Map(reads.map(({ user, conv, upto }) => [`${user} ${conv}`, upto]));
  const misread = [...marks].flatMap(([user, convs]) =>
    [...convs].flatMap(([conv, upto]) => {
      const mark = stored.get(`${user} ${conv}`) ?? 0;
      return mark === upto ? [] : [`${user} has read ${conv} up to ${upto}, stored is ${mark}`];
    }),
  );
  const places = new Set(taken.map(({ conv, conv_seq }) => `${conv} ${conv_seq}`));
  const expected = [...recalled].flatMap(([conv, seqs]) =>
    [...seqs].map((seq) => `${conv} ${seq}`),
  );
  const kept = expected.filter((place) => !places.delete(place));
  return [
    ...misread,
    ...kept.map((place) => `${place} was taken back, and is stored`),
    ...[...places].map((place) => `${place} is stored as taken back, which nobody did`),
    ...taken
      .filter(({ length }) => length > 0)
      .map(({ conv, conv_seq }) => `${conv} ${conv_seq} was taken back, and has a body`),
  ];
}
