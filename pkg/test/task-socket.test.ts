/** What mini-programs' sockets do to those who use them, one thing a test. */
import type { Host, SocketEvents } from 'seqline';
import { expect, test, vi } from 'vitest';

import type { Callbacks, ReceivedMessage, SocketTask } from '../dist/hosts/mini-program/api.js';
import { openTaskSocket } from '../dist/hosts/mini-program/task-socket.js';

interface Sent extends Callbacks {
  data: unknown;
}
interface Close {
  code?: number;
  reason?: string;
}

/** A task that does what a test tells it. */
class FakeTask implements SocketTask {
  readonly sent: Sent[] = [];
  readonly closes: Close[] = [];
  open: () => void = unheard;
  message: (message: ReceivedMessage) => void = unheard;
  error: (error: unknown) => void = unheard;
  closed: (event?: { code?: number }) => void = unheard;

  onOpen(listener: () => void) {
    this.open = listener;
  }
  onMessage(listener: (message: ReceivedMessage) => void) {
    this.message = listener;
  }
  onError(listener: (error: unknown) => void) {
    this.error = listener;
  }
  onClose(listener: (event?: { code?: number }) => void) {
    this.closed = listener;
  }
  send(options: Sent) {
    this.sent.push(options);
  }
  close(options: Close) {
    this.closes.push(options);
  }
}

function unheard(): void {
  throw new Error('nobody listens');
}

/** @param task none if the host gives none */
function open(task: FakeTask | Error | null = new FakeTask()) {
  const log: unknown[] = [];
  const timers: (() => void)[] = [];
  const events: SocketEvents = {
    opened: () => log.push('opened'),
    received: (frame) => log.push(frame),
    closed: (code) => log.push(['closed', code]),
  };
  let callbacks: Callbacks = {};
  const socket = openTaskSocket(
    {
      host: {
        after: (_delayMs: number, callback: () => void) => {
          timers.push(callback);
          return () => timers.splice(timers.indexOf(callback), 1);
        },
      } as unknown as Host,
      connect: (given) => {
        callbacks = given;
        if (task instanceof Error) throw task;
        return task as unknown as SocketTask;
      },
      toMessage: (bytes) => ({ data: bytes.slice().buffer }),
    },
    events,
  );
  return { socket, task: task as FakeTask, log, timers, callbacks };
}

const settled = () => Promise.resolve();

test('listens at once: what is told before is told to nobody', () => {
  const { task, log } = open();
  task.open();
  expect(log).toEqual(['opened']);
});

test('a success is no more than accepted, but a callback is given, for the task', () => {
  const { callbacks, log } = open();
  expect(callbacks.fail).toBeTypeOf('function');
  callbacks.success?.({ errMsg: 'connectSocket:ok' });
  expect(log).toEqual([]);
});

test('nothing is sent before it is open', () => {
  const { socket, task } = open();
  socket.send('early');
  expect(task.sent).toEqual([]);
});

test.each([
  ['throws', new Error('exceed max task count')],
  ['gives no task', null],
])('one more than there may be %s: closed, later and once', async (_, task) => {
  const { log, callbacks } = open(task);
  expect(log).toEqual([]);
  callbacks.fail?.({ errMsg: 'connectSocket:fail' });
  await settled();
  expect(log).toEqual([['closed', undefined]]);
});

test('a failure after the task was given is a close', async () => {
  const { callbacks, log } = open();
  callbacks.fail?.({ errMsg: 'connectSocket:fail interrupted' });
  await settled();
  expect(log).toEqual([['closed', undefined]]);
});

test('an error is a close, also if the host does not say so, and once if it does', async () => {
  const { task, log } = open();
  task.open();
  task.error({ errMsg: 'timeout' });
  task.closed({ code: 1006 });
  task.message({ data: 'late' });
  await settled();
  expect(log).toEqual(['opened', ['closed', undefined]]);
  expect(task.closes).toHaveLength(1);
});

test('a send that fails is a close: the task is not found any more', async () => {
  const { socket, task, log } = open();
  task.open();
  socket.send('x');
  task.sent[0]?.fail?.({ errMsg: 'sendSocketMessage:fail task not found' });
  await settled();
  expect(log).toEqual(['opened', ['closed', undefined]]);
  socket.send('y');
  expect(task.sent).toHaveLength(1);
});

test('the code of a close comes through, except those that stand for none', async () => {
  for (const [code, told] of [
    [4001, 4001],
    [1000, 1000],
    [1005, undefined],
    [1006, undefined],
    [undefined, undefined],
  ]) {
    const { task, log } = open();
    task.closed(code === undefined ? undefined : { code });
    await settled();
    expect(log).toEqual([['closed', told]]);
  }
});

test('a close that is never told is told after a while, and once', async () => {
  const { socket, task, log, timers } = open();
  task.open();
  socket.close(1000, 'bye');
  expect(task.closes).toMatchObject([{ code: 1000, reason: 'bye' }]);
  await settled();
  expect(log).toEqual(['opened']);
  timers[0]?.();
  task.closed({ code: 1000 });
  await settled();
  expect(log).toEqual(['opened', ['closed', undefined]]);
});

test('one that is closed while it opens is closed again when it opens', async () => {
  const { socket, task, log, timers } = open();
  socket.close(1000, '');
  timers[0]?.();
  task.open();
  await settled();
  expect(task.closes).toHaveLength(2);
  expect(log).toEqual([['closed', undefined]]);
});

test('a task that throws keeps nobody from going on', async () => {
  const { socket, task, log } = open();
  task.open();
  vi.spyOn(task, 'send').mockImplementation(() => {
    throw new Error('not connected');
  });
  vi.spyOn(task, 'close').mockImplementation(() => {
    throw new Error('not connected');
  });
  socket.send('x');
  await settled();
  expect(log).toEqual(['opened', ['closed', undefined]]);
});

test('bytes come in every form that there is', () => {
  const { task, log } = open();
  task.open();
  const bytes = Uint8Array.of(1, 2, 255);
  task.message({ data: 'text' });
  task.message({ data: bytes.buffer });
  task.message({ data: 'AQL/', isBuffer: true });
  task.message({ data: { data: 'AQL/', isBuffer: true } });
  task.message({ data: { data: bytes.buffer } });
  expect(log).toEqual(['opened', 'text', bytes, bytes, bytes, bytes]);
});
