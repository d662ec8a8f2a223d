/** What no client of ours sends, and how the relay is to answer it within an open session. */
import { readFile } from 'node:fs/promises';

import { inRoot } from '../../tools/setup/paths.mjs';
import type { Outcome } from '../support/wire.ts';

export interface BadFrame {
  name: string;
  payload: string | Uint8Array;
  isBinary: boolean;
  expected: Outcome;
}

/** The codes that end a connection, of those that bad input gets. */
const close_codes: Readonly<Record<string, number>> = {
  frame_malformed: 4000,
  frame_too_large: 4001,
  hello_expected: 4002,
};

const frame_bytes_max = 64 * 1024;
const body_bytes_max = 32 * 1024;

const refused = (code: string): Outcome => {
  const close = close_codes[code];
  return { errors: [code], ...(close === undefined ? {} : { close }) };
};

/** As it is, or pieces with the number of times that each is repeated. */
type VectorPayload = string | [piece: string, times: number][];

interface Vector {
  name: string;
  from: 'client' | 'relay';
  text?: VectorPayload;
  hex?: VectorPayload;
  code: string;
}

/** The frames that every decoder has to refuse. */
export async function refusedVectors(): Promise<BadFrame[]> {
  const file = await readFile(inRoot('sdk/protocol/vectors/rejected.json'), 'utf8');
  return (JSON.parse(file) as Vector[])
    .filter(({ from }) => from === 'client')
    .map(({ name, text, hex, code }) => ({
      name,
      payload: text === undefined ? Buffer.from(join(hex), 'hex') : join(text),
      isBinary: text === undefined,
      expected: refused(code),
    }));
}

const join = (payload: VectorPayload = ''): string =>
  typeof payload === 'string'
    ? payload
    : payload.map(([piece, times]) => piece.repeat(times)).join('');

const row = (name: string, payload: string | Uint8Array, code: string): BadFrame => ({
  name,
  payload,
  isBinary: false,
  expected: refused(code),
});

const send = (fields: object): string =>
  JSON.stringify({
    send: { client_msg_id: 'bad', to: { user: 'victim' }, kind: 'text', body: 'bad', ...fields },
  });

/** Frames that a decoder cannot refuse, or that never reach one. */
export const badFrames: BadFrame[] = [
  row(
    'text that is not UTF-8',
    Buffer.concat(
      ['{"ping":{"nonce":1,"a":"', [0xff, 0xfe], '"}}'].map((part) => Buffer.from(part)),
    ),
    'frame_malformed',
  ),
  row('a frame one byte over the limit', ' '.repeat(frame_bytes_max + 1), 'frame_too_large'),
  row('a body over the limit', send({ body: 'x'.repeat(body_bytes_max + 1) }), 'body_too_large'),
  row(
    'a body over the limit once it is escaped',
    send({ body: '"'.repeat(body_bytes_max / 2 + 1) }),
    'body_too_large',
  ),
  row(
    'a message to a conversation of others',
    send({ to: { conv: 'dm:alice:bob' } }),
    'conversation_unknown',
  ),
  ...['history', 'read', 'recall'].map((name) =>
    row(
      `${name} of a conversation of others`,
      JSON.stringify({ [name]: { req: 1, conv: 'dm:alice:bob', conv_seq: 1 } }),
      'conversation_unknown',
    ),
  ),
  row(
    'recall of a message of another',
    JSON.stringify({ recall: { req: 1, conv: 'dm:alice:mallory', conv_seq: 1 } }),
    'recall_refused',
  ),
  row(
    'a second hello',
    JSON.stringify({ hello: { version: 1, token: 'x', device: 'd', host: 'h' } }),
    'hello_expected',
  ),
];
