import { describe, expect, test } from 'vitest';

import {
  applyHead,
  applyLive,
  applyPage,
  createWindow,
  hasNewer,
  hasOlder,
  mustCatchUp,
  pageRequest,
  resetWindow,
  WINDOW_MESSAGES_MAX,
  type MessageWindow,
} from '../../src/store/message-window.ts';
import { message, messages, page } from './builders.ts';

const positions = ({ messages: held }: MessageWindow) => held.map(({ convSeq }) => convSeq);

function loaded(from: number, to: number): MessageWindow {
  const window = createWindow();
  applyPage(window, pageRequest(window, 'newest'), page(from, to, from > 1));
  return window;
}

describe('a stretch of messages', () => {
  test('is nowhere before the first page, whatever happens live', () => {
    const window = createWindow();
    applyLive(window, message(7), true);
    expect(window).toMatchObject({ loaded: false, messages: [], head: 7 });
    applyPage(window, pageRequest(window, 'newest'), page(3, 7, true));
    expect(positions(window)).toEqual([3, 4, 5, 6, 7]);
    expect(hasOlder(window)).toBe(true);
    expect(hasNewer(window)).toBe(false);
  });

  test('takes a live message that adjoins it', () => {
    const window = loaded(1, 3);
    applyLive(window, message(4), true);
    expect(positions(window)).toEqual([1, 2, 3, 4]);
    expect(hasOlder(window)).toBe(false);
  });

  test('does not take a live message beyond a hole, but asks for what is between', () => {
    const window = loaded(1, 3);
    applyLive(window, message(6), true);
    expect(positions(window)).toEqual([1, 2, 3]);
    expect(mustCatchUp(window)).toBe(true);
    const request = pageRequest(window, 'newer');
    expect(request.query.after).toBe(3);
    applyPage(window, request, page(4, 6));
    expect(positions(window)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(mustCatchUp(window)).toBe(false);
  });

  test('knows that what the last page leaves out is not shown any more', () => {
    const window = loaded(1, 3);
    applyHead(window, 5);
    applyPage(window, pageRequest(window, 'newer'), { messages: [message(4)], more: false });
    expect(window.high).toBe(5);
    expect(mustCatchUp(window)).toBe(false);
    applyLive(window, message(6), true);
    expect(positions(window)).toEqual([1, 2, 3, 4, 6]);
  });

  test('ignores a page that no longer adjoins it', () => {
    const window = loaded(100, 150);
    const request = pageRequest(window, 'older');
    for (let at = 151; at < 151 + WINDOW_MESSAGES_MAX; at += 1)
      applyLive(window, message(at), true);
    expect(window.low).toBe(151);
    applyPage(window, request, page(50, 99, true));
    expect(positions(window)[0]).toBe(151);
  });

  test('ignores the answer to a question from before a reset', () => {
    const window = createWindow();
    const request = pageRequest(window, 'newest');
    resetWindow(window);
    applyPage(window, request, page(1, 3));
    expect(window.loaded).toBe(false);
  });

  test('has a bound: following, the oldest go', () => {
    const window = loaded(1, 50);
    for (let at = 51; at <= 2 * WINDOW_MESSAGES_MAX; at += 1) applyLive(window, message(at), true);
    expect(window.messages).toHaveLength(WINDOW_MESSAGES_MAX);
    expect(window).toMatchObject({ low: WINDOW_MESSAGES_MAX + 1, high: 2 * WINDOW_MESSAGES_MAX });
    expect(hasOlder(window)).toBe(true);
  });

  test('has a bound: reading older ones, the newest stay out until they are asked for', () => {
    const window = loaded(1, WINDOW_MESSAGES_MAX);
    const next = WINDOW_MESSAGES_MAX + 1;
    applyLive(window, message(next), false);
    expect(window).toMatchObject({ detached: true, high: WINDOW_MESSAGES_MAX, head: next });
    expect(mustCatchUp(window)).toBe(false);
    applyPage(window, pageRequest(window, 'newer'), page(next, next));
    expect(window).toMatchObject({ detached: false, low: 2, high: next });
  });

  test('has a bound: paging back, the newest go', () => {
    const window = loaded(1_000, 1_049);
    while (hasOlder(window) && window.messages.length < WINDOW_MESSAGES_MAX) {
      applyPage(window, pageRequest(window, 'older'), page(window.low - 50, window.low - 1, true));
    }
    applyPage(window, pageRequest(window, 'older'), page(window.low - 50, window.low - 1, true));
    expect(window.messages).toHaveLength(WINDOW_MESSAGES_MAX);
    expect(window).toMatchObject({ detached: true, low: 600, high: 999 });
  });

  test('jumps to the newest when that is asked for', () => {
    const window = loaded(1, WINDOW_MESSAGES_MAX);
    applyHead(window, 900);
    window.detached = true;
    applyPage(window, pageRequest(window, 'newest'), page(851, 900, true));
    expect(positions(window)).toEqual(messages(851, 900).map(({ convSeq }) => convSeq));
    expect(window).toMatchObject({ detached: false, low: 851, high: 900 });
  });
});
