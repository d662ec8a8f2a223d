import { expect, test } from 'vitest';

import { SmallAbortController } from '../dist/polyfill/abort.js';
import { smallAtob, smallBtoa } from '../dist/polyfill/base64.js';
import { SmallTextDecoder, SmallTextEncoder } from '../dist/polyfill/text.js';

/** The same numbers in each run. */
function* randomNumbers(count: number): Generator<number> {
  let state = 1;
  for (let n = 0; n < count; n += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

/** Bytes and code units around which the rules change. */
const BYTES = [
  0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
];
const MORE_BYTES = [0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0xbb];
const UNITS = [0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000];
const MORE_UNITS = [0xfeff, 0xfffd, 0xffff];

function pick(from: number[], seed: number): number {
  return from[(seed >>> 8) % from.length] ?? 0;
}

function samples(from: number[]): number[][] {
  const all: number[][] = [[]];
  const numbers = [...randomNumbers(20_000)];
  for (let at = 0; at < numbers.length;) {
    const length = ((numbers[at] ?? 0) >>> 16) % 12;
    all.push(numbers.slice(at + 1, at + 1 + length).map((seed) => pick(from, seed)));
    at += length + 1;
  }
  return all;
}

const byteSamples = samples([...BYTES, ...MORE_BYTES]).map((bytes) => Uint8Array.from(bytes));
const textSamples = samples([...UNITS, ...MORE_UNITS]).map((units) =>
  String.fromCharCode(...units),
);
const long = `${'ab我😀'.repeat(5_000)}\ud800`;

test('text is encoded as the platform does it, lone surrogates included', () => {
  const [own, platform] = [new SmallTextEncoder(), new TextEncoder()];
  for (const text of [...textSamples, long])
    expect(own.encode(text)).toEqual(platform.encode(text));
  expect(own.encode()).toEqual(new Uint8Array());
});

test.each([{}, { ignoreBOM: true }, { fatal: true }, { fatal: true, ignoreBOM: true }])(
  'bytes are decoded as the platform does it: %o',
  (options) => {
    const own = new SmallTextDecoder('utf-8', options);
    const platform = new TextDecoder('utf-8', options);
    const decoded = (decoder: { decode(bytes: Uint8Array): string }, bytes: Uint8Array) => {
      try {
        return decoder.decode(bytes);
      } catch (error) {
        return (error as Error).name;
      }
    };
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x41);
    for (const bytes of [...byteSamples, marked, new TextEncoder().encode(long)]) {
      expect(decoded(own, bytes), bytes.join()).toBe(decoded(platform, bytes));
    }
    expect(own.decode()).toBe('');
  },
);

test('other encodings are refused', () => {
  expect(() => new SmallTextDecoder('gbk')).toThrow(RangeError);
});

test('bytes become base64 and come back as the platform does it', () => {
  for (const bytes of byteSamples) {
    const binary = String.fromCharCode(...bytes);
    expect(smallBtoa(binary)).toBe(btoa(binary));
    expect(smallAtob(btoa(binary))).toBe(binary);
  }
  expect(smallAtob('QUI')).toBe('AB');
  for (const text of ['Q', 'Q*==', 'QU=I']) expect(() => smallAtob(text)).toThrow('not base64');
});

test.each([
  ['ours', () => new SmallAbortController()],
  ["the platform's", () => new AbortController()],
])('what is aborted says so, once: %s', (_, make) => {
  const controller: AbortController | SmallAbortController = make();
  const told: string[] = [];
  const deaf = () => told.push('deaf');
  controller.signal.addEventListener('abort', () => told.push('heard'));
  controller.signal.addEventListener('abort', deaf);
  controller.signal.removeEventListener('abort', deaf);
  controller.signal.throwIfAborted();
  expect(controller.signal.aborted).toBe(false);
  const reason = new Error('enough');
  controller.abort(reason);
  controller.abort(new Error('again'));
  expect([told, controller.signal.aborted, controller.signal.reason]).toEqual([
    ['heard'],
    true,
    reason,
  ]);
  expect(() => {
    controller.signal.throwIfAborted();
  }).toThrow('enough');
});
