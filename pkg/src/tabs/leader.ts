/**
 * What the tab that leads does for all: runs the one session, tells every tab what happens, and
 * lets the cursor move when all of them have taken it.
 */
import { after } from '../alarm.js';
import { callMethodBy } from '../calls.js';
import { failureOf } from '../error.js';
import type { CallMethod } from '../methods.js';
import type { Audience, Session } from '../session/session.js';
import type { ConnectionState, EventName, Events, Host, Stats } from '../types.js';
import type { wasm } from '../wasm.js';
import { endOf, withinInterests } from './interests.js';
import type {
  LeaderMessage,
  StreamItem,
  TabId,
  TabMessage,
  Term,
  Unsent,
  Work,
} from './messages.js';
import { OutboxView } from './outbox-view.js';
import { missing, Places, type PlacesRecord } from './places.js';
import { Roster } from './roster.js';
import { Stream } from './stream.js';

/** Between looks at who takes too long. */
const CHASE_MS = 1_000;

export interface LeaderParts {
  term: Term;
  host: Host;
  /** Makes the session, which speaks to `audience`. */
  open(audience: Audience, callMethod: CallMethod): Session;
  /** To all tabs, this one included, or to one. */
  post(message: Unsent<LeaderMessage>): void;
  /** Tells when a tab is gone. */
  watch(id: TabId, gone: () => void): void;
  /** All tabs are hidden, or one is shown: `hasCome` when that one just was. */
  shown(isHidden: boolean, hasCome: boolean): void;
  /** Whether this tab still leads, at a moment when it looks as if not. */
  isLeading(): Promise<boolean>;
  /** The session hit a fault of its own. */
  crashed(): void;
}

/** What is of use also to a tab that hears of it late, of what nothing waits for. */
const LASTING: ReadonlySet<EventName> = new Set(['synced', 'discard']);

/** Something that was handed out and is not taken by all. */
interface Waiter {
  number: number;
  name: EventName;
  event: Events[EventName];
  resolve(): void;
}

export class Leader {
  readonly #parts: LeaderParts;
  readonly #session: Session;
  readonly #roster = new Roster();
  readonly #stream = new Stream();
  readonly #outbox = new OutboxView();
  /** Of what all tabs have taken. */
  readonly #places: Places;
  /** Where the session began: what was handed out before comes from it no more. */
  #start: PlacesRecord | undefined;
  /** Of tabs that joined before that was known. */
  readonly #joinedWith = new Map<TabId, PlacesRecord>();
  /** Oldest first. */
  readonly #waiters: Waiter[] = [];
  #state: ConnectionState = { state: 'disconnected', reason: 'initial' };
  #synced: Events['synced'] | undefined;
  #slot: number | undefined;
  #outgoing: { first: number; items: StreamItem[] } | undefined;
  /** What is told once it is certain that this tab still leads. */
  #heldBack: (() => void)[] | undefined;
  /** Messages of the outbox that the tabs may know of already. */
  readonly #known = new Set<string>();
  /** What waits until it is known which messages these are, in order. */
  #unopened: (() => void)[] | undefined;
  #isOpen = false;
  #isStopped = false;
  #stopChase: (() => void) | undefined;

  constructor(parts: LeaderParts, places: PlacesRecord) {
    this.#parts = parts;
    this.#places = new Places(places);
    const audience: Audience = {
      isQueue: true,
      has: (name) =>
        name === 'broadcast' ? this.#roster.showsBroadcasts() : this.#roster.isTaking(),
      emit: (name, event) => {
        this.#emit(name, event);
      },
      handOver: (name, event) => this.#handOver(name, event),
    };
    this.#session = parts.open(
      audience,
      callMethodBy((request) => this.#session.call(request)),
    );
  }

  get term(): Term {
    return this.#parts.term;
  }

  get stats(): Stats | undefined {
    return this.#session.stats();
  }

  get tabs(): number {
    return this.#roster.size;
  }

  /** Whether no other tab than this one listens. */
  isAlone(id: TabId): boolean {
    return this.#roster.size === 1 && this.#roster.get(id) !== undefined;
  }

  /** It leads: told to all tabs, or to one. */
  announce(to?: TabId): void {
    this.#flush();
    this.#post({
      type: 'here',
      last: this.#stream.last,
      tabs: this.tabs,
      ...(to === undefined ? {} : { to }),
      ...(this.#slot === undefined ? {} : { slot: this.#slot }),
      ...(this.stats ? { stats: this.stats } : {}),
    });
  }

  /** The storage is open: the session goes on from these places, and has these messages to send. */
  opened(slot: number | undefined, start: PlacesRecord, messageIds: string[]): void {
    this.#slot = slot;
    this.#start = start;
    for (const id of messageIds) this.#known.add(id);
    for (const [id, places] of this.#joinedWith) this.#catchUp(id, places);
    this.#joinedWith.clear();
    this.passed(start);
    this.announce();
  }

  /** The cursor is about to be kept at these places: all tabs have taken what is before. */
  passed(places: PlacesRecord): void {
    this.#places.pass(places);
    this.#add({ passed: places });
  }

  heard(message: TabMessage): void {
    // What was meant for an earlier term of this tab comes late at times.
    if (this.#isStopped || ('term' in message && message.term !== this.term)) return;
    const { from } = message;
    this.#roster.heard(from);
    switch (message.type) {
      case 'ask':
        this.announce(from);
        break;
      case 'join':
        this.#joined(message);
        break;
      case 'changed':
        this.#changed(message);
        break;
      case 'connect':
        this.#setWish(from, true);
        this.#session.connect();
        break;
      case 'disconnect':
        this.#setWish(from, false);
        break;
      case 'taken': {
        const tab = this.#roster.get(from);
        if (tab) tab.taken = Math.max(tab.taken, message.upTo);
        this.#settle();
        break;
      }
      case 'again':
        this.#tellAgain(from, message.after);
        break;
      case 'call':
        this.#answer(from, message.id, this.#do(from, message.work, message.isRepeated));
        break;
      case 'bye':
        this.gone(from);
        break;
      case 'alive':
        break;
    }
  }

  /** A tab was closed. */
  gone(id: TabId): void {
    const tab = this.#roster.remove(id);
    this.#joinedWith.delete(id);
    if (!tab || this.#isStopped) return;
    for (const call of endOf(tab.interests)) {
      const allowed = withinInterests(call, this.#roster.others(id));
      // The relay forgets it anyway when the session ends.
      if (allowed && this.#state.state === 'connected') {
        this.#session.call({ call: allowed }).catch(() => undefined);
      }
    }
    this.#settle();
    this.#parts.shown(this.#roster.isHidden(), false);
    this.#followWishes();
    this.announce();
  }

  /** Tells the tabs that another is to lead. */
  resign(): void {
    this.#flush();
    this.#post({ type: 'gone' });
  }

  /** Tells the tabs nothing further. Resolves when storage is up to date. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopChase?.();
    return this.#session.dispose();
  }

  #joined({ from, state, wantsConnection, places }: Extract<TabMessage, { type: 'join' }>): void {
    const isNew = !this.#roster.get(from);
    const firstOpen = this.#waiters[0]?.number ?? this.#stream.last + 1;
    // It gets what is being taken now; one that was there before knows what of it is new to it.
    const next = places && this.#stream.after(0) ? 1 : firstOpen;
    this.#roster.add(from, state, wantsConnection, next - 1);
    if (isNew) {
      this.#parts.watch(from, () => {
        this.gone(from);
      });
    }
    const snapshot = {
      state: this.#state,
      outbox: this.#outbox.list(),
      ...(this.#synced ? { synced: this.#synced } : {}),
    };
    this.#flush();
    this.#post({ type: 'welcome', to: from, next, places: this.#places.record(), snapshot });
    if (places && !this.#start) this.#joinedWith.set(from, places);
    else if (places && next === 1) this.#catchUp(from, places);
    else if (places) this.#catchUpLate(from, places);
    this.#tellAgain(from, next - 1);
    this.#settle();
    this.#parts.shown(this.#roster.isHidden(), !state.isHidden);
    if (wantsConnection) this.#followWishes();
    this.#session.listening();
    this.announce();
  }

  /** What it lacks if it gets everything of this term. */
  #catchUp(id: TabId, places: PlacesRecord): void {
    if (this.#start) this.#tellMissing(id, places, this.#start);
  }

  /** The first items of this term are not there to be told again. */
  #catchUpLate(id: TabId, places: PlacesRecord): void {
    this.#tellMissing(id, places, this.#places.record());
  }

  #tellMissing(id: TabId, places: PlacesRecord, start: PlacesRecord): void {
    const lacking = missing(places, start);
    if (lacking === 'all') {
      this.#post({ type: 'behind', to: id, places: start });
      return;
    }
    for (const conv of lacking) this.#post({ type: 'behind', to: id, places: start, conv });
  }

  #changed({ from, state }: Extract<TabMessage, { type: 'changed' }>): void {
    const tab = this.#roster.get(from);
    if (!tab) return;
    const hasCome = tab.state.isHidden && !state.isHidden;
    tab.state = state;
    this.#settle();
    this.#parts.shown(this.#roster.isHidden(), hasCome);
    this.#session.listening();
  }

  #setWish(id: TabId, wantsConnection: boolean): void {
    const tab = this.#roster.get(id);
    if (tab) tab.wantsConnection = wantsConnection;
    if (!wantsConnection) this.#followWishes();
  }

  /** Connected while at least one tab wants it. */
  #followWishes(): void {
    const isWanted = this.#roster.wantsConnection();
    const isOn = this.#state.state !== 'disconnected';
    if (isWanted && !isOn) this.#session.connect();
    if (!isWanted && isOn) this.#session.disconnect();
  }

  #tellAgain(id: TabId, number: number): void {
    this.#flush();
    const items = this.#stream.after(number);
    if (!items) {
      const next = this.#stream.last + 1;
      this.#post({ type: 'behind', to: id, next, places: this.#places.record() });
      return;
    }
    if (items.length === 0) return;
    // How things stand now it was told already, or will be.
    const ofUse = items.map((item) => ('emit' in item && !LASTING.has(item.emit) ? null : item));
    this.#post({ type: 'items', to: id, first: number + 1, items: ofUse });
  }

  async #do(from: TabId, work: Work, isRepeated: boolean): Promise<unknown> {
    if ('broadcasts' in work) return this.#session.broadcasts();
    if ('opened' in work) return this.#session.opened(work.opened);
    const { request } = work;
    if ('call' in request) {
      const { interests } = this.#roster.get(from) ?? {};
      interests?.note(request.call);
      const allowed = withinInterests(request.call, this.#roster.others(from));
      return allowed ? this.#session.call({ call: allowed }) : '{}';
    }
    const messageId = idOf(request);
    if (messageId === undefined) return this.#session.call(request);
    await this.#whenOpen();
    if (isRepeated && 'discard' in request && !this.#outbox.has(messageId)) {
      // An earlier leader did it, and may not have come to tell it.
      this.#tell('discard', { clientMsgId: messageId });
      return undefined;
    }
    if (isRepeated && !('discard' in request)) {
      // An earlier leader took it: kept it, or sent it, or was gone before.
      const isAsked = 'send' in request || !this.#outbox.hasFailed(messageId);
      if (isAsked && this.#outbox.has(messageId)) return this.#outbox.outcome(messageId);
      this.#known.add(messageId);
    }
    return this.#session.call(request);
  }

  /** Resolves when what was kept is known, for one after the other. */
  #whenOpen(): void | Promise<void> {
    if (this.#isOpen) return;
    return new Promise((resolve) => {
      if (this.#unopened) {
        this.#unopened.push(resolve);
        return;
      }
      this.#unopened = [resolve];
      const open = () => {
        for (const each of this.#unopened ?? []) each();
        this.#unopened = undefined;
        // Those go first that waited.
        queueMicrotask(() => (this.#isOpen = true));
      };
      this.#session.broadcasts().then(open, open);
    });
  }

  #answer(to: TabId, id: number, answer: Promise<unknown>): void {
    answer.then(
      (value) => {
        this.#flush();
        this.#post({ type: 'answer', to, id, value });
      },
      (error: unknown) => {
        this.#flush();
        this.#post({ type: 'failed', to, id, failure: failureOf(error) });
      },
    );
  }

  #emit<E extends EventName>(name: E, event: Events[E]): void {
    if (this.#heldBack) {
      this.#heldBack.push(() => {
        this.#emit(name, event);
      });
      return;
    }
    if (name === 'kicked' && (event as Events['kicked']).reason === 'replaced') {
      this.#verify(name, event);
      return;
    }
    this.#tell(name, event);
  }

  /** Another leader may have been the one to replace this session: then nothing has happened. */
  #verify<E extends EventName>(name: E, event: Events[E]): void {
    this.#heldBack = [
      () => {
        this.#tell(name, event);
      },
    ];
    void this.#parts.isLeading().then((isLeading) => {
      const tell = this.#heldBack ?? [];
      this.#heldBack = undefined;
      if (isLeading) for (const each of tell) each();
    });
  }

  #tell<E extends EventName>(name: E, event: Events[E]): void {
    if (name === 'status') this.#outbox.note(event as Events['status']);
    if (name === 'discard') this.#outbox.forget((event as Events['discard']).clientMsgId);
    if (name === 'synced') this.#synced = event as Events['synced'];
    if (name === 'state') this.#setState(event as ConnectionState);
    this.#add({ emit: name, event, ...(this.#isOld(name, event) ? { isRestored: true } : {}) });
  }

  /** Whether the tabs may have been told of the message by an earlier leader. */
  #isOld(name: EventName, event: Events[EventName]): boolean {
    if (name !== 'status') return false;
    const { clientMsgId, status } = event as Events['status'];
    return status === 'queued' && this.#known.delete(clientMsgId);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    if (state.state !== 'connected') this.#synced = undefined;
    if (state.state !== 'disconnected') return;
    // It ended for good, for all tabs; each of them hears why.
    if (state.reason !== 'requested') {
      for (const tab of this.#roster.all()) tab.wantsConnection = false;
    }
    if (state.reason === 'crashed') this.#parts.crashed();
  }

  #handOver<E extends EventName>(name: E, event: Events[E]): Promise<void> {
    const number = this.#add({ deliver: name, event });
    return new Promise((resolve) => {
      this.#waiters.push({ number, name, event, resolve });
      this.#chase();
    });
  }

  /** What everybody who is waited for has taken is taken. */
  #settle(): void {
    const taken = this.#roster.takenByAll();
    if (taken === undefined) return;
    for (let oldest = this.#waiters[0]; oldest; oldest = this.#waiters[0]) {
      if (oldest.number > taken) break;
      this.#waiters.shift();
      this.#places.take(oldest.name, oldest.event);
      oldest.resolve();
    }
  }

  /** Looks now and then whether someone is asleep whom all wait for. */
  #chase(): void {
    if (this.#stopChase || this.#isStopped) return;
    this.#stopChase = after(this.#parts.host, CHASE_MS, () => {
      this.#stopChase = undefined;
      const [oldest] = this.#waiters;
      if (!oldest) return;
      const asked = this.#roster.chase(oldest.number, this.#parts.host.monotonicMs());
      for (const id of asked) this.#post({ type: 'sign', to: id });
      this.#settle();
      if (this.#waiters.length > 0) this.#chase();
    });
  }

  /** @returns its number */
  #add(item: StreamItem): number {
    const number = this.#stream.add(item);
    if (this.#outgoing) {
      this.#outgoing.items.push(item);
    } else {
      this.#outgoing = { first: number, items: [item] };
      // What belongs together is told together.
      queueMicrotask(() => {
        this.#flush();
      });
    }
    return number;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    if (outgoing) this.#post({ type: 'items', ...outgoing });
  }

  #post(message: DistributiveOmit<LeaderMessage, 'from' | 'term'>): void {
    if (this.#isStopped) return;
    this.#parts.post({ ...message, term: this.#parts.term });
  }
}

/** Of a request about a message of the outbox. */
function idOf(request: wasm.Request): string | undefined {
  if ('send' in request) return request.send.client_msg_id;
  if ('retry' in request) return request.retry.client_msg_id;
  if ('discard' in request) return request.discard.client_msg_id;
  return undefined;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends T ? Omit<T, K> : never;
