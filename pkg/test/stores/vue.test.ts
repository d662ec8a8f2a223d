// @vitest-environment happy-dom
import { useConnection, useConversations, useMessages, usePresence } from 'seqline/vue';
import {
  provideClient,
  seqline,
  useBroadcasts,
  useClient,
  useTyping,
  useUnread,
} from 'seqline/vue';
import { expect, test } from 'vitest';
import { createApp, createSSRApp, defineComponent, h, nextTick, ref, type Component } from 'vue';
import { renderToString } from 'vue/server-renderer';

import { CONV, ModelClient, PEER, settled } from '../support/model-client.ts';

/** Mounts a component in an app that has the client. */
function mount(client: ModelClient, component: Component) {
  const app = createApp(component);
  app.use(seqline(client.asClient));
  const root = document.createElement('main');
  app.mount(root);
  return {
    text: async () => {
      await settled();
      await nextTick();
      return root.textContent;
    },
    unmount: () => {
      app.unmount();
    },
  };
}

const Everything = defineComponent(() => {
  const connection = useConnection();
  const { conversations, isLoaded } = useConversations();
  const unread = useUnread();
  const { messages, send } = useMessages(CONV);
  const { broadcasts } = useBroadcasts();
  const { users } = useTyping(CONV);
  const presence = usePresence(PEER);
  return () =>
    h('p', { onClick: () => void send('from the page') }, [
      `${connection.value.state.state}, ${conversations.value.length} of ${isLoaded.value}, `,
      `${unread.value.messages} unread, ${broadcasts.value.length} broadcasts, `,
      `${users.value.join()} typing, ${presence.value?.online}: `,
      messages.value.map(({ body, status }) => `${body as string} ${status ?? ''}`).join('; '),
    ]);
});

test('a component shows what the client knows, and leaves nothing behind', async () => {
  const client = new ModelClient();
  const app = mount(client, Everything);
  expect(await app.text()).toBe(
    'disconnected, 0 of false, 0 unread, 0 broadcasts,  typing, undefined: ',
  );
  await client.goOnline();
  await client.answerAll();
  await client.receive('hello');
  await client.emit('ephemeral', { conv: CONV, sender: PEER, kind: 'typing', body: null });
  await client.emit('presence', { users: [{ user: PEER, online: true, lastSeenAt: 0 }] });
  expect(await app.text()).toBe(
    'connected, 1 of true, 1 unread, 0 broadcasts, bob typing, true: hello ',
  );
  app.unmount();
  await settled();
  expect(client.handlerCounts).toEqual({ status: 1, discard: 1, state: 1, kicked: 1 });
});

test('mounted and unmounted a hundred times, there are no more handlers than the first time', async () => {
  const client = new ModelClient();
  await client.goOnline();
  for (let round = 0; round < 100; round += 1) {
    const app = mount(client, Everything);
    await client.answerAll();
    expect(Math.max(...Object.values(client.handlerCounts))).toBeLessThanOrEqual(2);
    app.unmount();
    await settled();
  }
  expect(client.handlerCounts).toEqual({ status: 1, discard: 1, state: 1, kicked: 1 });
});

test('the conversation may change', async () => {
  const client = new ModelClient();
  await client.goOnline();
  client.store(PEER, 'first', 'to alice');
  const conv = ref('group:empty');
  const app = mount(
    client,
    defineComponent(() => {
      const { messages, send } = useMessages(conv);
      return () =>
        h(
          'button',
          { onClick: () => void send('x') },
          messages.value.map(({ body }) => `${body as string} `),
        );
    }),
  );
  await client.answerAll();
  expect(await app.text()).toBe('');
  conv.value = CONV;
  await client.answerAll();
  expect(await app.text()).toBe('to alice ');
  conv.value = 'group:empty';
  await client.answerAll();
  expect(await app.text()).toBe('');
  app.unmount();
});

test('a component may have another client than the app', () => {
  const [outer, inner] = [new ModelClient(), new ModelClient()];
  const seen: unknown[] = [];
  const Child = defineComponent(() => {
    seen.push(useClient());
    return () => null;
  });
  const Parent = defineComponent(() => {
    seen.push(useClient());
    provideClient(inner.asClient);
    return () => h(Child);
  });
  mount(outer, Parent).unmount();
  expect(seen).toEqual([outer, inner]);
});

test('without a client it says what to do', () => {
  const app = createApp(
    defineComponent(() => {
      useClient();
      return () => null;
    }),
  );
  app.config.warnHandler = () => undefined;
  expect(() => app.mount(document.createElement('main'))).toThrow('app.use(seqline(client))');
});

test('a server renders what is known before anything is, and listens to nothing', async () => {
  const client = new ModelClient();
  const app = createSSRApp(Everything);
  app.use(seqline(client.asClient));
  expect(await renderToString(app)).toContain('disconnected, 0 of false');
  expect(client.handlerCounts).toEqual({ status: 1, discard: 1, state: 1, kicked: 1 });
});
