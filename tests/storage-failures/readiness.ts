/** What the relay says of itself: to whoever watches it, and to a client that writes. */

import { expect } from 'vitest';

import type { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';

const poll_ms = 100;

export interface Readiness {
  status: number;
  code?: string;
  message?: string;
}

export async function readiness(relay: Relay): Promise<Readiness> {
  const response = await fetch(`${relay.url}/readyz`);
  if (response.ok) return { status: response.status };
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, code: error.code, message: error.message };
}

/** Until it is ready: it finds out by itself that what it works with is whole again. */
export async function untilReady(relay: Relay): Promise<void> {
  await expect.poll(async () => (await readiness(relay)).status).toBe(200);
}

/** Until what the relay writes to its log says so. */
export async function untilLogged(relay: Relay, words: RegExp): Promise<void> {
  await expect.poll(() => relay.log, { interval: poll_ms }).toMatch(words);
}

/** Sends one message past the client. @returns the code that it is refused with, and its words */
export async function refusalOf(
  relay: Relay,
  user: string,
  peer: string,
): Promise<{ code: string; message: string; retryable: boolean }> {
  const wire = await Wire.connect(relay.url, await devToken(relay.url, user), 'prober');
  const send = { client_msg_id: 'probe', to: { user: peer }, kind: 'text', body: 'probe' };
  wire.send({ send });
  const { code, message, retryable } = await wire.next('error');
  wire.drop();
  return { code: String(code), message: String(message), retryable: retryable === true };
}
