/**
 * One user's app, in a process of its own so that it can be killed: does what it is told, and
 * tells what it shows.
 */
import { createClient, fileStorage } from 'seqline/node';

import type { Draft, FromApp, Start, ToApp } from './messages.ts';

function run(start: Start): (message: ToApp) => Promise<void> {
  const client = createClient(start.url, {
    token: start.token,
    storage: fileStorage(start.folder),
    backoffBaseMs: 50,
    backoffMaxMs: 500,
  });
  // Resolves when the test can read it even if this process is killed right then: only after
  // that may the cursor move.
  let isHolding = false;
  let isClosing = false;
  client.on('message', async ({ seq, sender, body, clientMsgId }) => {
    if (isHolding) {
      await tell({ held: true });
      await new Promise(() => undefined);
    }
    await tell({ shown: { seq, sender, text: body as string, clientMsgId } });
  });
  client.on('status', ({ clientMsgId, sent, failure }) => {
    if (sent) void tell({ sent: { clientMsgId } });
    if (failure) void tell({ failed: { what: `${clientMsgId}: ${failure.message}` } });
  });
  client.on('error', ({ code, message, retryable }) => {
    if (!retryable) void tell({ failed: { what: `${code}: ${message}` } });
  });
  client.on('reset', ({ reason }) => tell({ failed: { what: `reset: ${reason}` } }));
  client.on('state', (state) => {
    if (state.state !== 'disconnected') return;
    if (state.reason === 'initial' || state.reason === 'requested') return;
    void tell({ failed: { what: `disconnected: ${state.reason}` } });
  });

  const send = ({ clientMsgId, text }: Draft): void => {
    client.send({ to: { user: start.peer }, body: text, clientMsgId }).catch((error: unknown) => {
      const { code } = error as { code?: string };
      // It came back from storage, and is on its way already.
      if (code === 'id_in_use') return;
      // Typed as the app was closed: whoever starts it again types it again.
      if (isClosing && code === 'disconnected') return;
      void tell({ failed: { what: `${clientMsgId}: ${String(error)}` } });
    });
  };

  const ask = async (): Promise<void> => {
    try {
      await client.conversations({ limit: 1 });
    } catch (error) {
      // The connection was lost over it.
      console.error(`asking again: ${String(error)}`);
      await ask();
    }
  };

  void client.connect();
  start.unsent.forEach(send);

  return async (message) => {
    if ('send' in message) send(message.send);
    if ('hold' in message) isHolding = true;
    if ('ask' in message) {
      await ask();
      await tell({ answered: true });
    }
    if ('dispose' in message) {
      isClosing = true;
      await client.dispose();
      process.disconnect();
    }
  };
}

async function tell(message: FromApp): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.send?.(message, undefined, {}, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

let handle: ((message: ToApp) => Promise<void>) | undefined;
process.on('message', (message: ToApp) => {
  if ('start' in message) handle = run(message.start);
  else void handle?.(message);
});
// Without the test there is nobody to do anything for.
process.on('disconnect', () => process.exit());
