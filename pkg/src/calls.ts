/** Methods of the relay: names for positions, and little more. */
import { kindOf, rawBody } from './drafts.js';
import type { CallMethod, Conversations, Devices, Groups, Messages } from './methods.js';
import { toApp, toRelay } from './names.js';
import type { wasm } from './wasm.js';

/** Calls methods by requests to a session. */
export const callMethodBy =
  (call: (request: wasm.Request) => Promise<unknown>): CallMethod =>
  async (method, params) => {
    const json = JSON.stringify(toRelay(params));
    const request = { call: { method, params: json, repeatable: isRepeatable(method) } };
    return toApp(JSON.parse((await call(request)) as string)) as never;
  };

export const groupCalls = (call: CallMethod): Groups => ({
  create: (group) => call('groups.create', group),
  get: (conv) => call('groups.get', { conv }),
  members: (conv, query) => call('groups.members', { ...query, conv }),
  invite: (conv, users) => call('groups.invite', { conv, users }),
  join: (conv) => call('groups.join', { conv }),
  leave: (conv) => call('groups.leave', { conv }),
  remove: (conv, users) => call('groups.remove', { conv, users }),
  transfer: (conv, user) => call('groups.transfer', { conv, user }),
  role: (conv, user, role) => call('groups.role', { conv, user, role }),
  mute: (conv, user, until) => call('groups.mute', { conv, user, until }),
  muteAll: (conv, muted) => call('groups.mute_all', { conv, muted }),
  edit: (conv, changes) => call('groups.edit', { ...changes, conv }),
  dissolve: (conv) => call('groups.dissolve', { conv }),
});

export const messageCalls = (call: CallMethod): Messages => ({
  // A body that is none is a rejected promise, as everything is.
  edit: async (conv, convSeq, body, kind = kindOf(body)) =>
    call('messages.edit', { conv, convSeq, body: rawBody(kind, body) }),
  delete: (conv, convSeq) => call('messages.delete', { conv, convSeq }),
  list: (conv, query) => call('messages.list', { ...query, conv }),
  receipts: (conv, convSeq) => call('messages.receipts', { conv, convSeq }),
  search: (text, query) => call('messages.search', { ...query, text }),
});

export const clearConversation =
  (call: CallMethod): Conversations['clear'] =>
  (conv) =>
    call('conversations.clear', { conv });

export const deviceCalls = (call: CallMethod): Devices => ({
  list: () => call('devices.list', {}),
  end: (device) => call('devices.end', { device }),
});

/** Methods that, done twice, are done once: they are asked again after a lost connection. */
const REPEATABLE =
  /\.(get|members|list|receipts|search|edit|delete|clear|invite|role|mute|mute_all|share|watch|unwatch|mine|seen|opened)$/;

const isRepeatable = (method: string): boolean => REPEATABLE.test(method);
