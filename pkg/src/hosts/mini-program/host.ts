/** A host from the API object of a mini-program. */
import { openKeyedStorage } from '../../storage/keyed.js';
import type { Host } from '../types.js';
import type { Callbacks, MiniProgramApi, SentMessage, SocketTask } from './api.js';
import { ownBuffer } from './bytes.js';
import { steadyClock } from './clock.js';
import { Entropy } from './entropy.js';
import { watchApp } from './lifecycle.js';
import { appRequest } from './request.js';
import { appStorage } from './storage.js';
import { openTaskSocket } from './task-socket.js';

export interface MiniProgram {
  name: string;
  /** Looked at when it is needed: a module may be loaded before there is one. */
  api(): MiniProgramApi;
  connect(api: MiniProgramApi, url: string, callbacks: Callbacks): SocketTask;
  /** How bytes are sent, if not as an `ArrayBuffer`. */
  toMessage?(bytes: Uint8Array): SentMessage | undefined;
}

export function miniProgramHost(program: MiniProgram): Host {
  const { name } = program;
  const api = () => program.api();
  const toMessage = (bytes: Uint8Array) => program.toMessage?.(bytes) ?? { data: ownBuffer(bytes) };
  const entropy = new Entropy(api);
  const host: Host = {
    name,
    openSocket: (url, events) => {
      const connect = (callbacks: Callbacks) => program.connect(api(), url, callbacks);
      return openTaskSocket({ host, connect, toMessage }, events);
    },
    request: (request, done) => appRequest(api(), request, done),
    openStorage: (account, warn) => {
      // The first bytes are needed when this is open.
      entropy.gather();
      return openKeyedStorage(appStorage(api()), account, warn);
    },
    watch: (events) => watchApp(api(), events),
    random: () => entropy.take(),
    monotonicMs: steadyClock(),
  };
  return host;
}
