/** What the types promise. Nothing here runs: `npm run typecheck` reads it. */
import {
  conversationKind,
  createClient,
  init,
  memoryStorage,
  rebuild,
  type SeqlineError,
  type Body,
  type Broadcast,
  type Client,
  type ConnectionState,
  type Conversation,
  type ConversationKind,
  type ConversationPage,
  type EventName,
  type Events,
  type Failure,
  type Group,
  type Host,
  type LogEntry,
  type Message,
  type Place,
  type Report,
  type Role,
  type Sent,
  type Stats,
} from 'seqline';
import { fileStorage, nodeHost } from 'seqline/node';
import { expectTypeOf } from 'vitest';

declare const client: Client;

// Making one.
expectTypeOf(createClient).returns.toEqualTypeOf<Client>();
createClient('https://a.example', { token: 'x' });
createClient(new URL('https://a.example'), { token: () => 'x', storage: memoryStorage() });
createClient('https://a.example', {
  token: (reason) => {
    expectTypeOf(reason).toEqualTypeOf<'connect' | 'expired' | 'refresh'>();
    return Promise.resolve('x');
  },
  host: nodeHost satisfies Host,
  storage: fileStorage('./data'),
});
// @ts-expect-error a token is required
createClient('https://a.example', {});
// @ts-expect-error not an option
createClient('https://a.example', { token: 'x', retries: 3 });
void init(fetch('/seqline.wasm'));
void init(new Uint8Array());

// Sending.
const sending = client.send({ to: { user: 'bob' }, body: 'x' });
expectTypeOf(sending.clientMsgId).toEqualTypeOf<string>();
expectTypeOf(sending).resolves.toEqualTypeOf<Sent>();
void client.send({ to: { conv: 'dm:a:b' }, body: { deep: [1, null, { ok: true }] } });
// @ts-expect-error a function is no JSON
void client.send({ to: { user: 'bob' }, body: () => 1 });
// @ts-expect-error a target is a user or a conversation
void client.send({ to: 'bob', body: 'x' });
// @ts-expect-error the id cannot be changed
sending.clientMsgId = 'y';

// Events.
const stop = client.on('message', (message) => {
  expectTypeOf(message).toEqualTypeOf<Message & Place & { own: boolean }>();
  expectTypeOf(message.body).toEqualTypeOf<Body>();
});
expectTypeOf(stop).toEqualTypeOf<() => void>();
client.on('message', async (message) => {
  await Promise.resolve(message);
});
client.on('status', ({ status, failure }) => {
  if (status === 'failed') expectTypeOf(failure).toEqualTypeOf<Failure | undefined>();
  // @ts-expect-error not a status
  if (status === 'lost') return;
});
client.on('state', (state) => {
  expectTypeOf(state).toEqualTypeOf<ConnectionState>();
  if (state.state === 'connecting') expectTypeOf(state.retryInMs).toEqualTypeOf<number>();
  // @ts-expect-error only while connecting
  else expectTypeOf(state.retryInMs).toBeNumber();
});
// @ts-expect-error not an event
client.on('messages', () => undefined);
// @ts-expect-error a handler of another event
client.on('synced', (event: { seq: number }) => event);

// Methods.
expectTypeOf(client.groups.get('group:a')).resolves.toEqualTypeOf<Group>();
expectTypeOf(client.call('groups.get', { conv: 'group:a' })).resolves.toEqualTypeOf<Group>();
expectTypeOf(client.call('some.newer', { a: 1 })).resolves.toEqualTypeOf<unknown>();
expectTypeOf(client.conversations()).resolves.toEqualTypeOf<ConversationPage>();
const cleared: Promise<void> = client.conversations.clear('group:a');
void cleared;
// @ts-expect-error a group has a title
void client.groups.create({ conv: 'group:a' });
// @ts-expect-error users are a list
void client.call('groups.invite', { conv: 'group:a', users: 'bob' });
// @ts-expect-error ownership is transferred, not given as a role
void client.groups.role('group:a', 'bob', 'owner');
client.on('group', (change) => {
  if (change.op === 'role') expectTypeOf(change.role).toEqualTypeOf<Role>();
  // @ts-expect-error only of a member whose role changed
  else expectTypeOf(change.role).toBeString();
});
client.on('broadcast', ({ change, id, broadcast }) => {
  expectTypeOf(id).toEqualTypeOf<number>();
  if (change === 'withdrawn') expectTypeOf(broadcast).toEqualTypeOf<undefined>();
  else expectTypeOf(broadcast).toEqualTypeOf<Broadcast>();
  // @ts-expect-error not a change
  if (change === 'published') return;
});
expectTypeOf(client.broadcasts()).resolves.toEqualTypeOf<Broadcast[]>();
const opened: Promise<void> = client.opened(7);
void opened;
// @ts-expect-error it is named by its id
void client.opened({ id: 7 });
expectTypeOf(client.call('broadcasts.seen', { ids: [1] })).resolves.toEqualTypeOf<{
  new: number[];
}>();
client.on('reset', async ({ conv }) => {
  for await (const { conversation, messages } of rebuild(client, conv ? { conv } : {})) {
    expectTypeOf(conversation).toEqualTypeOf<Conversation>();
    expectTypeOf(messages).toEqualTypeOf<Message[]>();
  }
});
expectTypeOf(conversationKind('room:a')).toEqualTypeOf<ConversationKind | undefined>();

// The rest.
expectTypeOf(client.stats()).toEqualTypeOf<Stats>();
expectTypeOf(client.report()).resolves.toEqualTypeOf<Report>();
createClient('https://a.example', {
  token: 'x',
  log: 'debug',
  logger: (entry) => {
    expectTypeOf(entry).toEqualTypeOf<LogEntry>();
  },
});
// @ts-expect-error not a level
createClient('https://a.example', { token: 'x', log: 'verbose' });
expectTypeOf(client.user).toEqualTypeOf<string | undefined>();
// @ts-expect-error it is told, not set
client.user = 'bob';
expectTypeOf<SeqlineError>().toExtend<Failure>();

// Every event has a type of its own, and every option of a log its values.
type Untyped = { [Name in EventName]: unknown extends Events[Name] ? Name : never }[EventName];
expectTypeOf<Untyped>().toEqualTypeOf<never>();
expectTypeOf<LogEntry['level']>().toEqualTypeOf<'error' | 'warn' | 'info' | 'debug'>();
