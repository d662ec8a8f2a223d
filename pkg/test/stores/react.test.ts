// @vitest-environment happy-dom
import { act, createElement as h, StrictMode, useState, type ReactNode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import {
  SeqlineProvider,
  useBroadcasts,
  useClient,
  useConnection,
  useConversations,
  useMessages,
  usePresence,
  useTyping,
  useUnread,
} from 'seqline/react';
import { beforeAll, expect, test, vi } from 'vitest';

import { CONV, ModelClient, PEER, settled } from '../support/model-client.ts';

beforeAll(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
});

const withClient = (client: ModelClient, child: ReactNode) =>
  h(StrictMode, null, h(SeqlineProvider, { client: client.asClient }, child));

/** Mounts a component in strict mode, where everything is mounted twice. */
async function mount(client: ModelClient, child: ReactNode) {
  const container = document.createElement('main');
  const root = createRoot(container);
  await act(async () => {
    root.render(withClient(client, child));
    await settled();
  });
  return {
    container,
    text: async () => {
      await act(settled);
      return container.textContent;
    },
    unmount: async () => {
      await act(async () => {
        root.unmount();
        await settled();
      });
    },
  };
}

function Everything() {
  const { state } = useConnection();
  const { conversations, isLoaded } = useConversations();
  const unread = useUnread();
  const { messages } = useMessages(CONV);
  const { broadcasts } = useBroadcasts();
  const { users } = useTyping(CONV);
  const presence = usePresence(PEER);
  const shown = messages.map(({ body, status }) => `${body as string} ${status ?? ''}`).join('; ');
  return h(
    'p',
    null,
    `${state.state}, ${conversations.length} of ${isLoaded}, ${unread.messages} unread, `,
    `${broadcasts.length} broadcasts, ${users.join()} typing, ${presence?.online}: ${shown}`,
  );
}

const atRest = { status: 1, discard: 1, state: 1, kicked: 1 };

test('a component shows what the client knows, and leaves nothing behind', async () => {
  const client = new ModelClient();
  const app = await mount(client, h(Everything));
  expect(await app.text()).toBe(
    'disconnected, 0 of false, 0 unread, 0 broadcasts,  typing, undefined: ',
  );
  await act(async () => {
    await client.goOnline();
    await client.answerAll();
    await client.receive('hello');
    await client.emit('ephemeral', { conv: CONV, sender: PEER, kind: 'typing', body: null });
    await client.emit('presence', { users: [{ user: PEER, online: true, lastSeenAt: 0 }] });
  });
  expect(await app.text()).toBe(
    'connected, 1 of true, 1 unread, 0 broadcasts, bob typing, true: hello ',
  );
  await app.unmount();
  expect(client.handlerCounts).toEqual(atRest);
});

test('mounted and unmounted again and again, there are no more handlers than the first time', async () => {
  const client = new ModelClient();
  await client.goOnline();
  for (let round = 0; round < 30; round += 1) {
    const app = await mount(client, h(Everything));
    await act(() => client.answerAll());
    expect(Math.max(...Object.values(client.handlerCounts))).toBeLessThanOrEqual(2);
    await app.unmount();
  }
  expect(client.handlerCounts).toEqual(atRest);
  // Strict mode mounts twice: that is no reason to ask twice.
  expect(client.calls.filter((call) => call === 'conversations')).toHaveLength(30);
});

test('the conversation may change, and its functions keep being the same meanwhile', async () => {
  const client = new ModelClient();
  await client.goOnline();
  client.store(PEER, 'first', 'to alice');
  const seen = new Set<unknown>();
  let choose!: (conv: string) => void;
  function Conversation() {
    const [conv, setConv] = useState('group:empty');
    choose = setConv;
    const { messages, send } = useMessages(conv);
    seen.add(send);
    return messages.map(({ key, body }) => h('p', { key }, body as string));
  }
  const app = await mount(client, h(Conversation));
  await act(() => client.answerAll());
  expect(await app.text()).toBe('');
  await act(async () => {
    choose(CONV);
    await client.answerAll();
  });
  await act(() => client.answerAll());
  expect(await app.text()).toBe('to alice');
  await act(() => client.receive('again'));
  expect(await app.text()).toBe('to aliceagain');
  expect(seen.size).toBe(2);
  await app.unmount();
});

test('what is sent is on the page before anything else happens', async () => {
  const client = new ModelClient();
  await client.goOnline();
  function Composer() {
    const { messages, send } = useMessages(CONV);
    const list = messages.map(({ body, status }) => `${body as string} ${status}`).join();
    return h('button', { onClick: () => void send('hi') }, list);
  }
  const app = await mount(client, h(Composer));
  await act(() => client.answerAll());
  act(() => {
    app.container.querySelector('button')?.click();
  });
  expect(await app.text()).toBe('hi queued');
  await app.unmount();
});

test('without a client it says what to do', () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const container = document.createElement('main');
  const Alone = () => {
    useClient();
    return null;
  };
  const render = () => {
    act(() => {
      createRoot(container).render(h(Alone));
    });
  };
  expect(render).toThrow('<SeqlineProvider');
  complaints.mockRestore();
});

test('a server renders what is known before anything is, and the page takes it over', async () => {
  const server = new ModelClient();
  const html = renderToString(withClient(server, h(Everything)));
  expect(html).toContain('disconnected, 0 of false');
  expect(server.handlerCounts).toEqual(atRest);

  // In the browser the client may be ahead by then.
  const client = new ModelClient();
  await client.goOnline();
  const container = document.createElement('main');
  container.innerHTML = html;
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const root = await act(async () => {
    const hydrated = hydrateRoot(container, withClient(client, h(Everything)));
    await settled();
    return hydrated;
  });
  expect(complaints).not.toHaveBeenCalled();
  complaints.mockRestore();
  expect(container.textContent).toContain('connected, 0 of false');
  await act(async () => {
    root.unmount();
    await settled();
  });
});
