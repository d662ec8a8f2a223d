import { describe, expect, test } from 'vitest';

import { isFewEmoji } from '../../src/text/emoji.ts';
import { formatBytes, formatDay, formatTime, formatWhen } from '@seqline/shared/text/format.ts';
import { splitLinks } from '../../src/text/links.ts';
import { previewOf } from '../../src/text/preview.ts';

describe('web addresses in a text', () => {
  const linksOf = (text: string) =>
    splitLinks(text).flatMap((part) => (part.type === 'link' ? [part.text] : []));

  test.each([
    ['see https://example.com/a?b=c#d.', ['https://example.com/a?b=c#d']],
    ['(https://example.com/a_(b))', ['https://example.com/a_(b)']],
    ['http://a.example, http://b.example!', ['http://a.example', 'http://b.example']],
    ['看 https://example.com/中文。好', ['https://example.com/中文']],
    ['no javascript:alert(1), no ftp://x, no www.example.com', []],
    ['https://', []],
    ['<a href="https://example.com">', ['https://example.com']],
  ])('%s', (text, links) => {
    expect(linksOf(text)).toEqual(links);
    expect(
      splitLinks(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
  });
});

describe('few emoji', () => {
  test.each(['🎉', '🎉🚀', '👍🏽', '👩‍👩‍👧', '🇩🇪', '❤️', '🙂 🙃 😉'])('%s', (text) => {
    expect(isFewEmoji(text)).toBe(true);
  });

  test.each(['', 'a', '1', '#', '🎉 party', '🎉🎉🎉🎉', '你好'])('not %j', (text) => {
    expect(isFewEmoji(text)).toBe(false);
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 21, 12, 0).getTime();

  test.each([
    [new Date(2026, 10, 21, 0, 1), 'Today', '00:01'],
    [new Date(2026, 10, 20, 23, 59), 'Yesterday', 'Yesterday'],
    [new Date(2026, 10, 17, 9, 0), 'Tuesday', '17 Nov'],
    [new Date(2026, 4, 3), '3 May', '3 May'],
    [new Date(2025, 4, 3), '3 May 2025', '3 May'],
  ])('%s is %s, in the list %s', (date, day, when) => {
    expect(formatDay(date.getTime(), now)).toBe(day);
    expect(formatWhen(date.getTime(), now)).toBe(when);
  });

  test('have two digits each', () => {
    expect(formatTime(new Date(2026, 0, 1, 9, 5).getTime())).toBe('09:05');
  });
});

test('bytes are counted in the unit that suits them', () => {
  expect([999, 1_536, 3 * 1_048_576].map(formatBytes)).toEqual(['999 B', '1.5 KiB', '3.0 MiB']);
});

test('a preview is one short line', () => {
  expect(previewOf('text', 'a\n  b')).toBe('a b');
  expect(previewOf('text', 'x'.repeat(500))).toHaveLength(121);
  expect(previewOf('image', { url: '' })).toBe('[image]');
});
