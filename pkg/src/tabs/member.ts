/** One tab's side: gets what the one that leads tells, and asks it for what the app wants. */
import { after } from '../alarm.js';
import { disposed } from '../error.js';
import type { Audience } from '../session/session.js';
import type { ConnectionState, Events, EventName, Failure, Host, Stats } from '../types.js';
import { Intake } from './intake.js';
import { Interests } from './interests.js';
import type {
  LeaderMessage,
  StreamItem,
  TabId,
  TabMessage,
  TabState,
  Term,
  Unsent,
  Work,
} from './messages.js';
import type { PlacesRecord } from './places.js';
import { PendingCalls } from './pending-calls.js';
import { ToldStatuses } from './told.js';

/** While another tab takes over, the app is spared a "connecting" that soon is over. */
const TAKEOVER_GRACE_MS = 2_000;

export interface MemberParts {
  /** The app's handlers in this tab. */
  audience: Audience;
  host: Host;
  post(message: Unsent<TabMessage>): void;
  isHidden(): boolean;
}

const CONNECTING: ConnectionState = {
  state: 'connecting',
  attempt: 0,
  retryInMs: 0,
  offline: false,
};

/** What is known of the one that leads. */
interface Lead {
  id: TabId;
  term: Term;
  slot?: number;
  /** Number of the next item; none before it has welcomed us. */
  next?: number;
  /** It was asked for what is missing. */
  isCatchingUp: boolean;
}

export class Member {
  readonly #parts: MemberParts;
  readonly #intake: Intake;
  readonly #calls = new PendingCalls();
  readonly #statuses = new ToldStatuses();
  readonly #interests = new Interests();
  #lead: Lead | undefined;
  #hasPlaces = false;
  #wantsConnection = false;
  /** As the one that leads told it. */
  #ofLeader: ConnectionState = { state: 'disconnected', reason: 'initial' };
  /** As the app was told. */
  #shown: ConnectionState = { state: 'disconnected', reason: 'initial' };
  /** The newest one, while the app is spared it. */
  #spared: ConnectionState | undefined;
  #endGrace: (() => void) | undefined;
  #told: TabState;
  #takenTold = 0;
  #stats: Stats | undefined;
  #tabs = 1;
  #isStopped = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.#told = this.#state();
    this.#intake = new Intake({
      audience: parts.audience,
      host: parts.host,
      isOpen: () => this.#isTaking(),
      taken: (upTo) => {
        this.#tellTaken(upTo);
      },
    });
  }

  /** The highest term that was heard of; 0 if none. */
  get term(): Term {
    return this.#lead?.term ?? 0;
  }

  get leader(): TabId | undefined {
    return this.#lead?.id;
  }

  /** Where the one that leads keeps its records. */
  get slot(): number | undefined {
    return this.#lead?.slot;
  }

  get stats(): Stats | undefined {
    return this.#stats;
  }

  get tabs(): number {
    return this.#tabs;
  }

  /** How far it is in each timeline. */
  places(): PlacesRecord {
    return this.#intake.places();
  }

  connect(): void {
    this.#wantsConnection = true;
    this.changed();
    if (this.#isWelcome()) {
      this.#post({ type: 'connect' });
    }
    if (this.#isWelcome() && this.#ofLeader.state !== 'disconnected') {
      this.#heardState(this.#ofLeader);
    } else {
      this.#show(CONNECTING);
    }
    this.#intake.wake();
  }

  disconnect(): void {
    this.#wantsConnection = false;
    this.changed();
    if (this.#isWelcome()) this.#post({ type: 'disconnect' });
    if (this.#shown.state !== 'disconnected') {
      this.#show({ state: 'disconnected', reason: 'requested' });
    }
  }

  /** It could not be found out whose tab this is, or that is being tried again. */
  showOpening(state: ConnectionState): void {
    if (!this.#wantsConnection) return;
    if (state.state === 'disconnected') this.#wantsConnection = false;
    this.#show(state);
  }

  do(work: Work): Promise<unknown> {
    if (this.#isStopped) return Promise.reject(disposed());
    if ('request' in work && 'call' in work.request) this.#interests.note(work.request.call);
    return this.#calls.add(work, (id) => {
      if (this.#isWelcome()) this.#ask(id);
    });
  }

  /** Handlers were added or removed, or the page was hidden or shown. */
  changed(): void {
    this.#tellState();
    this.#intake.wake();
  }

  /** Nothing further is told or asked for. */
  stop(why: Failure = disposed()): void {
    this.#isStopped = true;
    this.#endGrace?.();
    this.#intake.stop();
    this.#calls.failAll(why);
  }

  heard(message: LeaderMessage): void {
    const { term, from } = message;
    if (this.#isStopped || term < this.term) return;
    if (term > this.term || from !== this.#lead?.id) this.#follow(from, term);
    const lead = this.#lead;
    if (!lead) return;
    switch (message.type) {
      case 'here':
        if (message.slot !== undefined) lead.slot = message.slot;
        if (message.stats) this.#stats = message.stats;
        this.#tabs = message.tabs;
        // Not every browser keeps messages for a page that sleeps.
        if (lead.next !== undefined && message.last >= lead.next) this.#askForMore(lead);
        break;
      case 'welcome':
        this.#welcomed(lead, message);
        break;
      case 'items':
        this.#received(lead, message.first, message.items);
        break;
      case 'behind':
        if (message.next !== undefined && lead.next !== undefined) {
          lead.next = message.next;
          lead.isCatchingUp = false;
          this.#intake.renumber(message.next);
        }
        this.#intake.restart(message.places, message.conv);
        break;
      case 'answer':
        this.#calls.answered(message.id, message.value);
        break;
      case 'failed':
        this.#calls.failed(message.id, message.failure);
        break;
      case 'sign':
        this.#post({ type: 'alive' });
        break;
      case 'gone':
        // Whoever is next tells.
        delete lead.next;
        if (this.#shown.state === 'connected') this.#startGrace();
    }
  }

  /** There is another one that leads. */
  #follow(id: TabId, term: Term): void {
    const slot = this.#lead?.slot;
    this.#lead = { id, term, isCatchingUp: false, ...(slot === undefined ? {} : { slot }) };
    if (this.#shown.state === 'connected') this.#startGrace();
    this.#told = this.#state();
    this.#post({
      type: 'join',
      state: this.#told,
      wantsConnection: this.#wantsConnection,
      ...(this.#hasPlaces ? { places: this.#intake.places() } : {}),
    });
  }

  #welcomed(
    lead: Lead,
    { next, places, snapshot }: Extract<LeaderMessage, { type: 'welcome' }>,
  ): void {
    if (lead.next !== undefined) return;
    lead.next = next;
    this.#takenTold = next - 1;
    if (!this.#hasPlaces) this.#intake.start(places);
    this.#hasPlaces = true;
    this.#intake.renumber(next);
    for (const status of snapshot.outbox) this.#tellOfOutbox(status);
    this.#heardState(snapshot.state);
    if (snapshot.synced) this.#intake.add(next - 1, 'synced', snapshot.synced);
    this.changed();
    this.#calls.askAgain((id, work, isRepeated) => {
      this.#post({ type: 'call', id, work, isRepeated });
    });
    this.#intake.wake();
  }

  #received(lead: Lead, first: number, items: (StreamItem | null)[]): void {
    if (lead.next === undefined) return;
    if (first > lead.next) {
      if (!lead.isCatchingUp) this.#askForMore(lead);
      return;
    }
    lead.isCatchingUp = false;
    for (const [at, item] of items.entries()) {
      const number = first + at;
      if (number < lead.next) continue;
      lead.next = number + 1;
      this.#take(number, item);
    }
  }

  #askForMore(lead: Lead): void {
    lead.isCatchingUp = true;
    this.#post({ type: 'again', after: (lead.next ?? 1) - 1 });
  }

  #take(number: number, item: StreamItem | null): void {
    if (!item) {
      this.#intake.skip(number);
    } else if ('deliver' in item) {
      this.#intake.add(number, item.deliver, item.event);
    } else if ('passed' in item) {
      this.#intake.pass(number, item.passed);
    } else if (item.emit === 'synced') {
      this.#intake.add(number, item.emit, item.event);
    } else {
      this.#intake.skip(number);
      this.#tell(item.emit, item.event, item.isRestored ?? false);
    }
  }

  #tell(name: EventName, event: Events[EventName], isRestored: boolean): void {
    const { audience } = this.#parts;
    switch (name) {
      case 'state':
        this.#heardState(event as ConnectionState);
        break;
      case 'status':
        if (this.#statuses.take(event as Events['status'], isRestored))
          audience.emit(name, event as never);
        break;
      case 'presence': {
        const ours = this.#interests.presence(event as Events['presence']);
        if (ours) audience.emit(name, ours);
        break;
      }
      case 'room':
        if (this.#interests.rooms.has((event as Events['room']).conv))
          audience.emit(name, event as never);
        break;
      case 'kicked':
      case 'ephemeral':
        // As after disconnect(): this tab is not there for them.
        if (this.#wantsConnection) audience.emit(name, event as never);
        break;
      default:
        audience.emit(name, event as never);
    }
  }

  /** How a message stands, as a tab that was reloaded is told: first that it is there. */
  #tellOfOutbox(status: Events['status']): void {
    const { clientMsgId, draft } = status;
    if (status.status === 'sending' && draft) {
      this.#tell('status', { clientMsgId, status: 'queued', draft }, true);
      this.#tell('status', { clientMsgId, status: 'sending' }, true);
      return;
    }
    this.#tell('status', status, true);
  }

  #heardState(state: ConnectionState): void {
    this.#ofLeader = state;
    if (!this.#wantsConnection) return;
    if (state.state === 'disconnected') {
      // What is over by now: the one that leads is about to connect.
      if (state.reason === 'initial' || state.reason === 'requested') {
        if (this.#shown.state === 'disconnected') this.#show(CONNECTING);
        return;
      }
      this.#wantsConnection = false;
      this.changed();
    }
    if (state.state === 'connecting' && this.#endGrace) this.#spared = state;
    else this.#show(state);
  }

  #show(state: ConnectionState): void {
    this.#endGrace?.();
    this.#shown = state;
    this.#parts.audience.emit('state', state);
  }

  #startGrace(): void {
    this.#endGrace?.();
    const stop = after(this.#parts.host, TAKEOVER_GRACE_MS, () => {
      const state = this.#spared ?? CONNECTING;
      this.#endGrace?.();
      this.#show(state);
    });
    this.#endGrace = () => {
      stop();
      this.#endGrace = undefined;
      this.#spared = undefined;
    };
  }

  #ask(id: number): void {
    this.#calls.ask(id, (work, isRepeated) => {
      this.#post({ type: 'call', id, work, isRepeated });
    });
  }

  #tellTaken(upTo: number): void {
    // A handler may have been removed.
    this.#tellState();
    if (upTo <= this.#takenTold || !this.#isWelcome()) return;
    this.#takenTold = upTo;
    this.#post({ type: 'taken', upTo });
  }

  #tellState(): void {
    const state = this.#state();
    const before = this.#told;
    this.#told = state;
    const isSame =
      state.isTaking === before.isTaking &&
      state.showsBroadcasts === before.showsBroadcasts &&
      state.isHidden === before.isHidden;
    if (!isSame && this.#isWelcome()) this.#post({ type: 'changed', state });
  }

  #state(): TabState {
    return {
      isTaking: this.#isTaking(),
      showsBroadcasts: this.#parts.audience.has('broadcast'),
      isHidden: this.#parts.isHidden(),
    };
  }

  #isTaking(): boolean {
    return this.#wantsConnection && this.#parts.audience.has('message');
  }

  #isWelcome(): boolean {
    return this.#lead?.next !== undefined;
  }

  #post(message: DistributiveOmit<TabMessage, 'from' | 'to' | 'term'>): void {
    if (!this.#lead) return;
    const { id, term } = this.#lead;
    this.#parts.post({ ...message, to: id, term } as Unsent<TabMessage>);
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends T ? Omit<T, K> : never;
