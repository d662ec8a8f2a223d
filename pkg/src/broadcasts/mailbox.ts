/**
 * The public mailbox on this device: what the relay tells of it becomes what is held, and events
 * for the app.
 *
 * What the app is still to be told follows from what is held alone: a version that it was not
 * told of, or one that it was told of and that is gone. So whatever is written when, and whenever
 * the page is closed, nothing is told twice for good, and nothing is left out.
 */
import { after } from '../alarm.js';
import { messageOf, SeqlineError } from '../error.js';
import type { CallMethod } from '../methods.js';
import { toApp } from '../names.js';
import type { RawBroadcast, RawNews, RawSeen } from '../raw.js';
import type { Audience } from '../session/session.js';
import type { Changes, Events, Failure, Host } from '../types.js';
import { claim, IDS_MAX, type Claim } from './claim.js';
import { HeldBroadcasts, type Held } from './held.js';
import type { Broadcast } from './types.js';

/** Before a relay that has too much to do is told again. */
const RETRY_MS = 10_000;

export interface MailboxParts {
  host: Host;
  audience: Audience;
  call: CallMethod;
  /** Writes records of the storage. */
  write(changes: Changes): Promise<void>;
  isConnected(): boolean;
}

export class Mailbox {
  readonly #parts: MailboxParts;
  readonly #held = new HeldBroadcasts();
  #claim: Claim | undefined;
  #isStopped = false;
  #isStorageFailing = false;
  #isSending = false;
  #stopRetry: (() => void) | undefined;

  constructor(parts: MailboxParts) {
    this.#parts = parts;
  }

  /** Takes over what was stored. */
  restore(records: [key: string, value: Uint8Array][]): void {
    for (const key of this.#held.restore(records)) {
      this.#failed({
        code: 'storage_corrupt',
        message: `the stored record ${key} cannot be read, and was left out`,
        retryable: false,
      });
    }
  }

  /** Those that are valid now, newest first. */
  list(): Broadcast[] {
    this.#dropExpired();
    void this.#write();
    return this.#held
      .all()
      .flatMap(([, held]) => (isValid(held) ? [shown(held)] : []))
      .sort((a, b) => b.publishedAt - a.publishedAt || b.id - a.id);
  }

  /**
   * The relay tells what changed. Resolves when the app has taken it.
   * @throws what a handler throws; then the rest was told nevertheless
   */
  async take({ held, changes = [] }: RawNews): Promise<void> {
    this.#dropExpired();
    // What comes anew is not gone, and what is known of it stays.
    const stays = new Set(held);
    for (const { id } of changes) stays.add(id);
    const gone = held ? this.#held.ids().filter((id) => !stays.has(id)) : [];
    for (const id of gone) this.#withdraw(id);
    for (const { id, broadcast } of changes) {
      if (broadcast && !hasExpired(broadcast)) this.#put(broadcast);
      else this.#withdraw(id);
    }
    const inOrder = new Set([...gone, ...changes.map(({ id }) => id), ...this.#held.ids()]);
    try {
      await this.#tell([...inOrder].filter((id) => this.#isUntold(id)));
    } finally {
      await this.#write();
    }
  }

  /**
   * A device of this user has shown or opened one.
   * @throws what a handler throws
   */
  async mark({ broadcast: id, opened = false }: RawSeen): Promise<void> {
    const held = this.#held.make(id);
    const before = { ...held };
    held.seen = true;
    held.opened ||= opened;
    if (opened) held.unsent = false;
    try {
      // Another device: what was shown or opened on this one is marked already.
      const isNews = held.seen !== before.seen || held.opened !== before.opened;
      if (isNews && held.broadcast && held.told > 0) await this.#handOver('seen', held);
    } catch (error) {
      Object.assign(held, before);
      throw error;
    } finally {
      await this.#write();
    }
  }

  /**
   * The user opened one. Resolves when that is kept: the relay is told when connected.
   * @throws {SeqlineError} `broadcast_unknown`
   */
  async opened(id: number): Promise<void> {
    const held = this.#held.get(id);
    if (!held?.broadcast) {
      throw new SeqlineError({
        code: 'broadcast_unknown',
        message: `there is no broadcast ${id} on this device; it may have been withdrawn`,
        retryable: false,
      });
    }
    if (held.opened) return;
    held.seen = held.opened = held.unsent = true;
    this.#held.touch(id);
    await this.#write();
    void this.#sendOpened();
  }

  /** There is a connection. */
  connected(): void {
    void this.#sendOpened();
  }

  /** Tells of nothing further, and leaves what is under way for the next client. */
  stop(): void {
    this.#isStopped = true;
    this.#claim?.giveUp();
    this.#stopRetry?.();
  }

  #put(broadcast: RawBroadcast): void {
    const held = this.#held.make(broadcast.id);
    const known = held.broadcast;
    if (known && known.published_us !== broadcast.published_us) {
      // The relay's data went back to a backup, and the id was given to another one since.
      Object.assign(held, { told: 0, seen: false, opened: false, unsent: false });
    }
    held.broadcast = broadcast;
  }

  #withdraw(id: number): void {
    const held = this.#held.get(id);
    if (!held) return;
    delete held.broadcast;
    if (held.told > 0) this.#held.touch(id);
    else this.#held.delete(id);
  }

  #isUntold(id: number): boolean {
    const held = this.#held.get(id);
    return held !== undefined && (held.broadcast?.version ?? 0) !== held.told;
  }

  async #tell(ids: number[]): Promise<void> {
    const isListenedTo = this.#parts.audience.has('broadcast');
    const isFirst = (id: number) => this.#held.get(id)?.told === 0;
    const claimed = isListenedTo
      ? ids.filter((id) => isFirst(id) && !this.#held.get(id)?.broadcast?.every_device)
      : [];
    const found = claimed.length > 0 ? await this.#ask(claimed) : undefined;

    let failure: { error: unknown } | undefined;
    for (const id of ids) {
      const held = this.#held.get(id);
      if (!held) continue;
      const isFirstDevice = found ? found.has(id) : !held.seen;
      const isNew = (held.broadcast?.every_device ?? false) || isFirstDevice;
      try {
        if (!held.broadcast) await this.#handOverWithdrawn(id);
        else if (held.told > 0) await this.#handOver('changed', held);
        else await this.#handOver(isNew && !held.opened ? 'new' : 'seen', held);
      } catch (error) {
        // The others do not wait for it.
        failure ??= { error };
        continue;
      }
      // A device that shows none has not shown this one either.
      if (isListenedTo) held.seen = true;
      held.told = held.broadcast?.version ?? 0;
      if (held.broadcast) this.#held.touch(id);
      else this.#held.delete(id);
    }
    if (failure) throw failure.error;
  }

  async #ask(ids: number[]): Promise<ReadonlySet<number> | undefined> {
    this.#claim = claim(this.#parts.host, this.#parts.call, ids, (failure) => {
      this.#failed(failure);
    });
    const found = await this.#claim.answer;
    this.#claim = undefined;
    // Neither taken nor refused: it comes again to the next client.
    if (this.#isStopped) await new Promise(() => undefined);
    return found;
  }

  #handOver(change: 'new' | 'changed' | 'seen', held: Held): void | Promise<void> {
    const broadcast = shown(held);
    return this.#emit({ change, id: broadcast.id, broadcast });
  }

  #handOverWithdrawn(id: number): void | Promise<void> {
    return this.#emit({ change: 'withdrawn', id });
  }

  #emit(event: Events['broadcast']): void | Promise<void> {
    return this.#parts.audience.handOver('broadcast', event);
  }

  async #sendOpened(): Promise<void> {
    if (this.#isSending || this.#isStopped || !this.#parts.isConnected()) return;
    const unsent = this.#held.all().filter(([, held]) => held.unsent);
    if (unsent.length === 0) return;
    this.#isSending = true;
    const sent = unsent.slice(0, IDS_MAX);
    try {
      await this.#parts.call('broadcasts.opened', { ids: sent.map(([id]) => id) });
    } catch (error) {
      if (error instanceof SeqlineError && error.retryable) {
        this.#stopRetry?.();
        this.#stopRetry = after(this.#parts.host, RETRY_MS, () => void this.#sendOpened());
        return;
      }
      // Asked again, it would be refused again.
      this.#failed(error as SeqlineError);
    } finally {
      this.#isSending = false;
    }
    for (const [id, held] of sent) {
      held.unsent = false;
      this.#held.touch(id);
    }
    await this.#write();
    await this.#sendOpened();
  }

  #failed(failure: Failure): void {
    this.#parts.audience.emit('error', failure);
  }

  #dropExpired(): void {
    for (const [id, { broadcast, unsent }] of this.#held.all()) {
      if (broadcast && hasExpired(broadcast) && !unsent) this.#held.delete(id);
    }
  }

  async #write(): Promise<void> {
    const changes = this.#held.changes();
    if (changes.length === 0) return;
    try {
      await this.#parts.write(changes);
      this.#isStorageFailing = false;
    } catch (error) {
      // They are written with whatever is written next.
      if (this.#isStorageFailing) return;
      this.#isStorageFailing = true;
      this.#failed({
        code: 'storage_failed',
        message: `broadcasts are not kept: ${messageOf(error)}`,
        retryable: true,
        cause: error,
      });
    }
  }
}

const hasExpired = ({ expires_us }: RawBroadcast): boolean =>
  expires_us !== undefined && expires_us <= Date.now() * 1_000;

const isValid = ({ broadcast }: Held): boolean => broadcast !== undefined && !hasExpired(broadcast);

const shown = ({ broadcast, seen, opened }: Held): Broadcast => ({
  everyDevice: false,
  ...(toApp(broadcast) as Omit<Broadcast, 'everyDevice' | 'seen' | 'opened'>),
  seen,
  opened,
});
