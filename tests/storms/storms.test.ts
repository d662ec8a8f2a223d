import { expect, test } from 'vitest';

import { backlog } from './backlog.ts';
import { groupStorm } from './group.ts';
import { slowReaders } from './slow-readers.ts';

// As large as they may be: `npm run test:storms`.
const timeout_ms = 120_000;

test(
  'what waits for a device that was away, and for one that does not read, comes in order',
  async () => {
    const figures = await backlog({ messages: 2_000 });
    expect(figures).toMatchObject({ 'messages that waited': '2000' });
  },
  timeout_ms,
);

test(
  'devices that do not read lose nothing, and hold nobody up',
  async () => {
    await slowReaders({ readers: 30, messages: 600 });
  },
  timeout_ms,
);

test(
  'members of a group who all write at once are shown all, in one order',
  async () => {
    await groupStorm({ members: 40 });
  },
  timeout_ms,
);
