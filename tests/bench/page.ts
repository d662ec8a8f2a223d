/** What happens inside the page, as a module of its own there. */
import type * as Seqline from 'seqline';

interface SocketIoClient {
  connected: boolean;
  on(event: string, handle: () => void): void;
  emitWithAck(event: string, body: string): Promise<unknown>;
  disconnect(): void;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- a page has all of it
  interface Window extends PageState {}
}

interface PageState {
  seqline: typeof Seqline;
  io: (url: string, options: object) => SocketIoClient;
}

export interface Account {
  url: string;
  token: string;
}

/** From `init()` to `connected`, in milliseconds. */
export async function connectCold({ url, token }: Account): Promise<number> {
  const start = performance.now();
  await window.seqline.init();
  const client = window.seqline.createClient(url, { token });
  await client.connect();
  const elapsed = performance.now() - start;
  await client.dispose();
  return elapsed;
}

export interface RoundTrips {
  /** Of the client whose storage is IndexedDB, the default. */
  stored: number[];
  /** Of the client that keeps cursor and outbox in memory. */
  unstored: number[];
  socketIo: number[];
}

/**
 * Sends one message after the other: each is answered before the next is written. The three take
 * turns, so that what else the machine does falls on all.
 */
export async function measureRoundTrips(given: {
  stored: Account;
  unstored: Account;
  socketIoUrl: string;
  rounds: number;
  perRound: number;
}): Promise<RoundTrips> {
  const { createClient, memoryStorage } = window.seqline;
  const stored = createClient(given.stored.url, { token: given.stored.token });
  const unstored = createClient(given.unstored.url, {
    token: given.unstored.token,
    storage: memoryStorage(),
  });
  await Promise.all([stored.connect(), unstored.connect()]);
  const socket = window.io(given.socketIoUrl, { transports: ['websocket'] });
  await new Promise<void>((resolve) => {
    socket.on('connect', resolve);
  });

  const senders: Record<keyof RoundTrips, (body: string) => Promise<unknown>> = {
    stored: (body) => stored.send({ to: { user: 'bob' }, body }),
    unstored: (body) => unstored.send({ to: { user: 'bob' }, body }),
    socketIo: (body) => socket.emitWithAck('message', body),
  };
  const samples: RoundTrips = { stored: [], unstored: [], socketIo: [] };
  // The first round warms up.
  for (let round = 0; round <= given.rounds; round += 1) {
    for (const [name, send] of Object.entries(senders) as [
      keyof RoundTrips,
      typeof senders.stored,
    ][]) {
      for (let n = 0; n < given.perRound; n += 1) {
        const body = `message ${round}/${n}, as long as people write them, more or less`;
        const start = performance.now();
        await send(body);
        if (round > 0) samples[name].push(performance.now() - start);
      }
    }
  }
  socket.disconnect();
  await Promise.all([stored.dispose(), unstored.dispose()]);
  return samples;
}

export interface Burst {
  /** From `connect()`, or from the first message if that comes later, to the last one. */
  tookMs: number;
  /** Between two frames. */
  longestFrameMs: number;
  frames: number;
  /** Of more than 50 ms, as the browser reports them. */
  longTasksMs: number[];
}

/** Connects, takes so many messages, and shows the last one and their number in each frame. */
export async function takeBurst(given: Account & { count: number }): Promise<Burst> {
  const { createClient, memoryStorage, init } = window.seqline;
  await init();
  const client = createClient(given.url, { token: given.token, storage: memoryStorage() });
  const longTasksMs: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasksMs.push(entry.duration);
  });
  observer.observe({ type: 'longtask' });

  const shown = document.getElementById('shown');
  const burst: Burst = { tookMs: 0, longestFrameMs: 0, frames: 0, longTasksMs };
  let last: number | undefined;
  let latest = '';
  let taken = 0;
  let isOver = false;
  const frame = (now: number) => {
    if (last !== undefined) {
      burst.longestFrameMs = Math.max(burst.longestFrameMs, now - last);
      burst.frames += 1;
    }
    last = now;
    if (shown) shown.textContent = `${taken}: ${latest}`;
    if (!isOver) requestAnimationFrame(frame);
  };

  const done = new Promise<void>((resolve) => {
    client.on('message', ({ body }) => {
      taken += 1;
      latest = body as string;
      if (taken === given.count) resolve();
    });
  });
  requestAnimationFrame(frame);
  await frames(2);
  const start = performance.now();
  await client.connect();
  await done;
  burst.tookMs = performance.now() - start;
  // The frame in which the last ones are shown counts, too.
  await frames(2);
  isOver = true;
  for (const entry of observer.takeRecords()) longTasksMs.push(entry.duration);
  observer.disconnect();
  await client.dispose();
  return burst;
}

async function frames(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await new Promise(requestAnimationFrame);
}
