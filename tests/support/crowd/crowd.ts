/**
 * Eight users with two devices each, who write to each other, to a small group and to one that is
 * large enough to have a timeline of its own, mark what they have read and take messages back; and
 * what each of their devices has to have been told of that.
 */
import { createHash } from 'node:crypto';

import type { Backend } from '../backend.ts';
import { Ledger, type Views } from '../ledger.ts';
import type { Random } from '../random.ts';
import type { Relay } from '../relay.ts';
import { Signal } from '../signal.ts';
import { secondsFromNow, signToken } from '../tokens.ts';
import { directConversation } from '../wire.ts';
import { auditMarks, auditNumbers, auditPointers, readStored } from './audit.ts';
import { Device, type DeviceOptions } from './device.ts';

/** Where a device connects, and how. */
export type Place = Pick<DeviceOptions, 'url' | 'transport'>;

export interface CrowdOptions {
  random: Random;
  /** @param number of the device, over all users, from 0 */
  place: (number: number) => Place;
  /** Called for each message that was acknowledged or shown. */
  onEvent?: () => void;
}

/** What a crowd has done so far. */
export interface CrowdFigures {
  devices: number;
  /** Messages, by all devices. */
  sent: number;
  /** Messages that devices showed, all together. */
  shown: number;
  /** Messages that were taken back. */
  recalled: number;
  broadcasts: number;
}

/** The app that a crowd's relays have. */
export const crowdApp = 'crowd';
export const crowdSecret = createHash('sha256').update(crowdApp).digest('hex');

const users = ['ann', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gil', 'hana'];
const devices_per_user = 2;
export const crowdSize = users.length * devices_per_user;
const small = { conv: 'group:small', members: users.slice(0, 4) };
const large = { conv: 'group:large', members: users };
/** One that nobody writes to unless it is named. */
export const aside = { conv: 'group:aside', members: users.slice(0, 2) };
const groups = [small, large, aside];
/** To which everybody writes who is in them. */
const livelyGroups = [small, large];

/** For each relay of a crowd. */
export const crowdSettings = [
  ...['--crowd-members-min', String(large.members.length)],
  ...['--broadcast-poll-ms', '50'],
];

export class Crowd {
  readonly devices: readonly Device[];
  /** Told of everything that happens to a device. */
  readonly progress = new Signal();
  /** Broadcasts that were published. */
  readonly broadcasts: number[] = [];
  readonly #random: Random;
  /** What was sent, by conversation. */
  readonly #ledgers = new Map<string, Ledger>();
  /** Places of what was taken back, by conversation. */
  readonly #recalled = new Map<string, Set<number>>();
  /** Up to where users have read, by user and conversation. */
  readonly #marks = new Map<string, Map<string, number>>();
  readonly #written = new Map<Device, number>();

  constructor({ random, place, onEvent = () => undefined }: CrowdOptions) {
    this.#random = random;
    const { progress } = this;
    this.devices = users.flatMap((user, u) =>
      Array.from({ length: devices_per_user }, (_, d) => {
        const claims = { app: crowdApp, sub: user, scope: 'user', exp: secondsFromNow(86_400) };
        const token = signToken(claims, crowdSecret);
        const { url, transport } = place(u * devices_per_user + d);
        const device = `device ${d + 1}`;
        return new Device({ user, device, url, token, transport, progress, onEvent });
      }),
    );
  }

  get figures(): CrowdFigures {
    const { sent, shown, recalled } = this;
    const [devices, broadcasts] = [this.devices.length, this.broadcasts.length];
    return { devices, sent, shown, recalled, broadcasts };
  }

  /** Messages that were written. */
  get sent(): number {
    return [...this.#ledgers.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Messages that were acknowledged. */
  get acknowledged(): number {
    return this.devices.reduce((sum, { sent }) => sum + sent.length, 0);
  }

  /** Whatever was asked for, and is not acknowledged. */
  get unsent(): number {
    return this.devices.reduce((sum, { unsent }) => sum + unsent, 0);
  }

  /** Messages that devices showed, all together. */
  get shown(): number {
    return this.devices.reduce((sum, { shownCount }) => sum + shownCount, 0);
  }

  /** Messages that were taken back. */
  get recalled(): number {
    return [...this.#recalled.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Connects all devices, and makes the groups. */
  async begin(): Promise<void> {
    await Promise.all(this.devices.map(({ client }) => client.connect()));
    const [founder] = this.devices;
    for (const { conv, members } of groups) {
      await founder?.client.groups.create({ conv, title: conv, users: members.slice(1) });
    }
  }

  /**
   * A device writes a message. Resolves when that is acknowledged.
   *
   * @param conv to a group; to whomever if there is none
   */
  async write(device: Device, conv = this.#recipient(device.user)): Promise<void> {
    const number = (this.#written.get(device) ?? 0) + 1;
    this.#written.set(device, number);
    const text = `${device.name.replace("'s device ", '.')}.${number}`;
    const ledger = this.#ledgers.get(conv) ?? new Ledger();
    this.#ledgers.set(conv, ledger);
    ledger.add(device.user, text, device.name);
    await device.send({ conv }, text);
  }

  /** A user's devices. */
  devicesOf(user: string): Device[] {
    return this.devices.filter((device) => device.user === user);
  }

  /** A user has read what this device of hers shows of some conversation, if it shows any. */
  async markRead(device: Device): Promise<void> {
    const shown = [...device.shown.keys()];
    if (shown.length === 0) return;
    const conv = this.#random.pick(shown);
    const marks = this.#marks.get(device.user) ?? new Map<string, number>();
    this.#marks.set(device.user, marks);
    const upto = device.shown.get(conv)?.length ?? 0;
    marks.set(conv, Math.max(upto, marks.get(conv) ?? 0));
    await device.markRead(conv, upto);
  }

  /** A device takes back one of its messages, if it has any. */
  async recall(device: Device): Promise<void> {
    if (device.sent.length === 0) return;
    const message = this.#random.pick(device.sent);
    const recalled = this.#recalled.get(message.conv) ?? new Set<number>();
    this.#recalled.set(message.conv, recalled);
    if (recalled.has(message.convSeq)) return;
    recalled.add(message.convSeq);
    await device.recall(message);
  }

  /** Whether everything is acknowledged, and everybody was told of it. */
  get isComplete(): boolean {
    return this.unsent === 0 && this.devices.every((device) => this.#lacks(device).length === 0);
  }

  /** What is missing, in words. */
  describe(): string[] {
    return this.devices.flatMap((device) => {
      const { unsent, name, client } = device;
      const lacks = this.#lacks(device);
      if (unsent === 0 && lacks.length === 0) return [];
      const state = JSON.stringify(client.state);
      return [`${name} has ${unsent} unsent, lacks ${lacks.join(', ') || 'nothing'}; ${state}`];
    });
  }

  /** @throws an error that says what is missing, or what has failed */
  async until(condition: () => boolean, timeout_ms: number, when: string): Promise<void> {
    await this.progress.until(condition, timeout_ms, () => [when, ...this.describe()].join('\n  '));
  }

  /** Every timeline and conversation is numbered without a hole. */
  async checkNumbers(backend: Backend, relay: Relay): Promise<void> {
    complain(await auditNumbers(backend, relay));
  }

  /** Compares what is stored with what was sent and shown, all of it. */
  async checkStored(backend: Backend, relay: Relay): Promise<void> {
    const owners = (conv: string): readonly string[] =>
      conv === large.conv ? [conv] : membersOf(conv);
    complain([
      ...(await auditNumbers(backend, relay)),
      ...(await auditPointers(backend, relay, owners)),
      ...(await auditMarks(backend, relay, this.#marks, this.#recalled)),
    ]);
    const stored = await readStored(backend, relay);
    for (const [conv, ledger] of this.#ledgers) {
      const views: Views = { stored: stored.get(conv) ?? [] };
      for (const device of this.devices) {
        if (!membersOf(conv).includes(device.user)) continue;
        views[`shown on ${device.name}`] = device.shown.get(conv) ?? [];
      }
      ledger.check(views);
    }
    const strays = [...stored.keys()].filter((conv) => !this.#ledgers.has(conv));
    complain(strays.map((conv) => `${conv} is stored, and nobody wrote to it`));
    complain(this.devices.flatMap((device) => this.#toldTwice(device)));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.devices.map(({ client }) => client.dispose()));
  }

  #recipient(user: string): string {
    const groups = livelyGroups.filter(({ members }) => members.includes(user));
    const group = groups.find(() => this.#random.chance(0.3));
    if (group) return group.conv;
    return directConversation(user, this.#random.pick(users.filter((other) => other !== user)));
  }

  #lacks({ user, shownCount, broadcasts, recalls, reads }: Device): string[] {
    let messages = -shownCount;
    for (const [conv, ledger] of this.#ledgers) {
      if (membersOf(conv).includes(user)) messages += ledger.count;
    }
    let recalled = 0;
    for (const [conv, places] of this.#recalled) {
      if (membersOf(conv).includes(user)) recalled += places.size - (recalls.get(conv)?.size ?? 0);
    }
    const marks = [...(this.#marks.get(user) ?? [])].filter(
      ([conv, upto]) => (reads.get(conv) ?? 0) < upto,
    );
    const missing = this.broadcasts.filter((id) => !broadcasts.has(id));
    return [
      ...(messages > 0 ? [`${messages} messages`] : []),
      ...(recalled > 0 ? [`${recalled} recalls`] : []),
      ...marks.map(([conv, upto]) => `the mark ${upto} in ${conv}`),
      ...missing.map((id) => `broadcast ${id}`),
    ];
  }

  #toldTwice({ name, broadcasts, recalls }: Device): string[] {
    const news = [...broadcasts].map(([id, times]) => [`broadcast ${id}`, times] as const);
    const taken = [...recalls].flatMap(([conv, places]) =>
      [...places].map(([convSeq, times]) => [`the recall of ${conv} ${convSeq}`, times] as const),
    );
    const often = [...news, ...taken].filter(([, times]) => times > 1);
    return often.map(([what, times]) => `${name} was told of ${what} ${times} times`);
  }
}

function membersOf(conv: string): readonly string[] {
  const group = groups.find((one) => one.conv === conv);
  return group ? group.members : conv.split(':').slice(1);
}

function complain(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(['It is not as promised:', ...problems].join('\n  '));
}
