/** What the sample does on every platform, against a real relay and over a network that fails. */
import { expect, test } from 'vitest';

import { Operator } from '../broadcasts/operator.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Relay } from '../support/relay.ts';
import type { SampleApp } from './sample-app.ts';

/** Somebody's phone with the sample on it. */
export interface Phone {
  app: SampleApp;
  /** Its way to the relay. */
  network: FaultProxy;
  /** Ends the app without a word to it, starts it again, and goes to the conversation with `peer`. */
  restart(peer: string): Promise<void>;
}

/** Devices look for announcements several times a second. */
export const relayArgs = ['--broadcast-poll-ms', '50', '--broadcast-refresh-ms', '300'];

/**
 * @param newPhone a phone whose user has logged in
 * @param relay the one that these phones connect to
 */
export function describeSample(newPhone: (user: string) => Promise<Phone>, relay: () => Relay) {
  test('two users chat through outages, and each message is shown once', async () => {
    const [ofAlice, ofBob] = await Promise.all([newPhone('alice'), newPhone('bob')]);
    const [alice, bob] = [ofAlice.app, ofBob.app];
    await alice.writeTo('bob');
    await alice.write('one');
    await expect.poll(() => bob.unread('alice')).toEqual(['1']);
    await bob.openConversation('alice');
    await bothShow([alice, bob], ['one']);
    await expect.poll(() => alice.messages()).toMatchObject([{ status: 'read' }]);

    await goOffline(ofAlice);
    await alice.write('two');
    await bob.write('three');
    await expect
      .poll(() => bob.messages())
      .toMatchObject([{ text: 'one' }, { text: 'three', status: 'sent' }]);
    expect(await alice.messages()).toMatchObject([{}, { text: 'two', status: 'queued' }]);
    ofAlice.network.heal();
    await bothShow([alice, bob], ['one', 'three', 'two']);

    // What was not sent is what it begins with, before there is a connection.
    await goOffline(ofAlice);
    await alice.write('four');
    await expect.poll(() => alice.texts()).toEqual(['one', 'three', 'two', 'four']);
    await ofAlice.restart('bob');
    await expect.poll(() => alice.texts()).toEqual(['four']);
    ofAlice.network.heal();
    await bothShow([alice, bob], ['one', 'three', 'two', 'four']);
    await expect
      .poll(async () => (await alice.messages()).map(({ status }) => status))
      .toEqual(['read', undefined, 'read', 'read']);

    await relay().kill();
    await Promise.all([alice.state('connecting'), bob.state('connecting')]);
    await alice.write('five');
    await relay().start();
    await bothShow([alice, bob], ['one', 'three', 'two', 'four', 'five']);
    for (const { screen } of [alice, bob]) expect(screen.uncaught).toEqual([]);
  });

  test('a message is taken back on both sides', async () => {
    const [{ app: alice }, { app: bob }] = await Promise.all([newPhone('alice'), newPhone('bob')]);
    await alice.writeTo('bob');
    await bob.writeTo('alice');
    await alice.write('secret');
    await bob.write('what?');
    for (const app of [alice, bob]) {
      await expect.poll(async () => (await app.texts()).sort()).toEqual(['secret', 'what?']);
    }
    await expect
      .poll(async () => (await alice.messages()).map(({ status }) => status).sort())
      .toEqual(['read', undefined]);
    await alice.screen.choose('message', 'secret', alice.words.recall);
    for (const app of [alice, bob]) {
      await expect.poll(() => app.texts()).toContain(app.words.recalled);
      expect(await app.texts()).not.toContain('secret');
    }
  });

  test('older messages are loaded when they are asked for', async () => {
    const { app } = await newPhone('alice');
    await app.writeTo('bob');
    const written = Array.from({ length: 35 }, (_, index) => `message ${index}`);
    for (const text of written) await app.write(text);
    await expect
      .poll(async () => (await app.messages()).filter(({ status }) => status === 'sent').length)
      .toBe(written.length);

    await app.screen.back();
    await app.openConversation('bob');
    await expect.poll(() => app.texts()).toEqual(written.slice(-30));
    await app.screen.tap('older');
    await expect.poll(() => app.texts()).toEqual(written);
    expect(await app.screen.find('older')).toEqual([]);
  });

  test('an announcement appears, is opened, and vanishes when it is recalled', async () => {
    const operator = await Operator.inDevelopment(relay());
    const { app } = await newPhone('alice');
    const sale = await operator.publish('Sale');
    await expect.poll(() => app.unopened()).toEqual(['1']);
    await app.screen.tap('broadcasts');
    await expect.poll(() => app.announcements()).toEqual(['Sale']);
    expect(await app.screen.find('broadcast-new')).toHaveLength(1);
    await app.screen.tap('broadcast');
    await expect
      .poll(() => app.screen.find('broadcast-body'))
      .toMatchObject([{ text: 'About Sale' }]);
    await expect.poll(() => app.screen.find('broadcast-new')).toEqual([]);
    await operator.step('recall', sale);
    await expect.poll(() => app.announcements()).toEqual([]);
    expect(app.screen.uncaught).toEqual([]);
  });
}

async function goOffline({ app, network }: Phone): Promise<void> {
  network.refuse();
  network.cut();
  await app.state('connecting');
}

async function bothShow(apps: SampleApp[], texts: string[]): Promise<void> {
  for (const app of apps) {
    await expect.poll(() => app.texts(), { message: app.user }).toEqual(texts);
  }
}
