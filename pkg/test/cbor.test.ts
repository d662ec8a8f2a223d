import { readFileSync } from 'node:fs';

import * as cborg from 'cborg';
import { describe, expect, test } from 'vitest';

import { decode, encode } from '../dist/cbor.js';

const values: [string, object][] = [
  ['an empty map', {}],
  ['an empty list', []],
  [
    'texts',
    {
      empty: '',
      short: 'abc',
      accents: 'äöü',
      han: '你好',
      astral: '😀',
      long: 'ß'.repeat(70_000),
    },
  ],
  ['a long ASCII text', { text: 'x'.repeat(300) }],
  ['truths', [true, false]],
  [
    'numbers at every width',
    [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER],
  ],
  ['what is nested', { a: [{ b: { c: [[1], { d: 'e' }] } }] }],
  ['a long list', Array.from({ length: 70_000 }, (_, n) => n)],
];

describe.each(values)('%s', (_, value) => {
  test('is encoded as others do it', () => {
    // Keys in the order in which they come.
    expect(encode(value)).toEqual(cborg.encode(value, { mapSorter: undefined as never }));
  });

  test('is decoded as it was encoded', () => {
    expect(decode(cborg.encode(value))).toEqual(value);
  });
});

test('fields that are undefined are left out, and nulls come back as undefined', () => {
  expect(cborg.decode(encode({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  expect(decode(cborg.encode({ a: null }))).toEqual({ a: undefined });
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is refused', (value) => {
  expect(() => encode({ value })).toThrow(expect.objectContaining({ code: 'field_invalid' }));
});

test('what is cut short or of another kind is an error', () => {
  expect(() => decode(Uint8Array.from([0xa1, 0x61]))).toThrow('cut short');
  expect(() => decode(cborg.encode(-1))).toThrow('unknown kind');
});

interface Vector {
  name: string;
  json: object;
  cbor: string;
}

describe.each(['client', 'relay'])('the golden vectors of the %s', (file) => {
  const path = new URL(`../../sdk/protocol/vectors/${file}.json`, import.meta.url);
  const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vector[];

  test('there are some', () => {
    expect(vectors.length).toBeGreaterThan(10);
  });

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, { json, cbor }) => {
    const bytes = Uint8Array.from(Buffer.from(cbor, 'hex'));
    expect(cborg.decode(bytes)).toEqual(json);
    expect(decode(bytes)).toEqual(json);
    expect(Buffer.from(encode(json)).toString('hex')).toBe(cbor);
  });
});
