/**
 * A session that all tabs of a browser share. The tab that holds a Web Lock leads: it has the
 * connection and the storage. All tabs, it included, are members, to whom it tells what happens.
 */
import { SeqlineError } from '../error.js';
import { after } from '../alarm.js';
import { AccountSearch } from '../session/account.js';
import { LocalSession, type LocalSessionParts } from '../session/local.js';
import type { Session } from '../session/session.js';
import { tokensOf, type Tokens } from '../session/tokens.js';
import type { Broadcast, Failure, Stats } from '../types.js';
import type { wasm } from '../wasm.js';
import { thisBrowser, type Channel, type TabBrowser } from './browser.js';
import { Election } from './election.js';
import { LeaderHost } from './leader-host.js';
import { LeaderWatch } from './leader-watch.js';
import { Leader } from './leader.js';
import { hold, type Held } from './locks.js';
import { Member } from './member.js';
import {
  isOfLeader,
  TABS_VERSION,
  type LeaderMessage,
  type Message,
  type TabId,
  type TabMessage,
  type Unsent,
} from './messages.js';
import { openSharedStorage, type SharedStorage } from './shared-storage.js';

/** Another one that leads has answered by then. */
const CLAIM_MS = 1_000;
/** Between questions for fresh numbers. */
const STATS_MS = 500;

export interface SharedSessionParts extends LocalSessionParts {
  browser: TabBrowser;
  /** Makes the session of the tab that leads. */
  openLocal?(parts: LocalSessionParts): Session;
}

/** @returns the session of a tab alone, if this browser does not let tabs find each other */
export async function openSession(parts: LocalSessionParts): Promise<Session> {
  const browser = await thisBrowser();
  return browser ? new SharedSession({ ...parts, browser }) : new LocalSession(parts);
}

/** The tabs that share a connection, and what this one needs to be among them. */
interface Group {
  account: string;
  name: string;
  channel: Channel;
  election: Election;
  /** That others see when it is gone. */
  presence: Held | undefined;
  watch: LeaderWatch;
  stopPage(): void;
}

/** What this tab runs while it leads. */
interface Lead {
  leader: Leader;
  host: LeaderHost;
  /** Lets go of where the records are. */
  release(): void;
}

export class SharedSession implements Session {
  readonly #parts: SharedSessionParts;
  readonly #id: TabId;
  readonly #tokens: Tokens;
  readonly #account: AccountSearch;
  readonly #member: Member;
  #starting: Promise<void> | undefined;
  #group: Group | undefined;
  #lead: Lead | undefined;
  #stopTimer: (() => void) | undefined;
  #askedAtMs = 0;
  #end: SeqlineError | undefined;
  #disposing: Promise<void> | undefined;

  constructor(parts: SharedSessionParts) {
    const { audience, host, browser, options } = parts;
    this.#parts = parts;
    this.#id = browser.newTabId();
    this.#tokens = tokensOf(host, options);
    this.#member = new Member({
      audience,
      host,
      post: (message) => {
        this.#post(message);
      },
      isHidden: () => browser.isHidden(),
    });
    this.#account = new AccountSearch(host, this.#tokens, {
      warned: (failure) => {
        audience.emit('error', failure);
      },
      retrying: (attempt, retryInMs) => {
        this.#member.showOpening({ state: 'connecting', attempt, retryInMs, offline: false });
      },
    });
  }

  connect(): void {
    this.#member.connect();
    this.#start();
  }

  disconnect(): void {
    this.#account.pause();
    this.#member.disconnect();
  }

  call(request: wasm.Request): Promise<unknown> {
    return this.#do({ request });
  }

  async broadcasts(): Promise<Broadcast[]> {
    return (await this.#do({ broadcasts: true })) as Broadcast[];
  }

  async opened(id: number): Promise<void> {
    await this.#do({ opened: id });
  }

  stats(): Stats | undefined {
    if (this.#lead) {
      const { leader } = this.#lead;
      const { stats } = leader;
      return stats && { ...stats, role: 'leader', tabs: Math.max(leader.tabs, 1) };
    }
    const nowMs = this.#parts.host.monotonicMs();
    if (this.#group && nowMs - this.#askedAtMs >= STATS_MS) this.#ask(nowMs);
    const { stats, tabs } = this.#member;
    return stats && { ...stats, role: 'follower', tabs };
  }

  listening(): void {
    this.#member.changed();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#leave();
    return this.#disposing;
  }

  #do(work: Parameters<Member['do']>[0]): Promise<unknown> {
    if (this.#end) return Promise.reject(this.#end);
    const answer = this.#member.do(work);
    this.#start();
    return answer;
  }

  #start(): void {
    if (this.#group || this.#disposing || this.#end) return;
    this.#starting ??= this.#enter().finally(() => {
      this.#starting = undefined;
    });
  }

  /** Finds out whose tab this is, and joins the others. */
  async #enter(): Promise<void> {
    const { options, url, browser } = this.#parts;
    // So that any tab can take over at once. The one that leads tells if it fails.
    this.#parts.load().catch(() => undefined);
    const account = options.account ?? (await this.#account.find());
    if (account === undefined || this.#disposing) return;
    const name = `tabs-${TABS_VERSION}/${url}`;
    const presence = await hold(browser.locks, presenceOf(this.#id));
    if (this.#isOver()) {
      presence?.release();
      return;
    }
    const election = new Election(browser.locks, `seqline/${account}/${name}`, {
      elected: () => {
        this.#elected();
      },
      lost: () => {
        this.#lost();
      },
    });
    this.#group = {
      account,
      name,
      election,
      presence,
      channel: browser.openChannel(`seqline/${account}/${name}`, (message) => {
        this.#lead?.host.poke();
        this.#heard(message as Message);
      }),
      watch: new LeaderWatch(this.#parts.host.monotonicMs()),
      stopPage: browser.watchPage({
        changed: () => {
          this.#member.changed();
          this.#look();
        },
        frozen: () => {
          this.#frozen();
        },
        resumed: () => {
          this.#group?.election.run();
          this.#look();
        },
      }),
    };
    election.run();
    this.#look();
  }

  #isOver(): boolean {
    return this.#disposing !== undefined;
  }

  /** Whether the one that leads still lives. */
  #look(): void {
    const { host, browser } = this.#parts;
    const group = this.#group;
    if (!group || this.#disposing) return;
    const isHidden = browser.isHidden();
    const nowMs = host.monotonicMs();
    if (this.#lead) {
      group.watch.heard();
    } else {
      const verdict = group.watch.look(nowMs, isHidden);
      if (verdict === 'silent') group.election.seize();
      this.#ask(nowMs);
    }
    this.#stopTimer?.();
    this.#stopTimer = after(host, group.watch.delayMs(isHidden), () => {
      this.#look();
    });
  }

  #ask(nowMs: number): void {
    this.#askedAtMs = nowMs;
    this.#post({ type: 'ask' });
  }

  #elected(): void {
    const group = this.#group;
    if (!group) return;
    const { host, browser, options } = this.#parts;
    const term = Math.max(this.#member.term + 1, browser.nowMs());
    let release = (): void => undefined;
    let storage: SharedStorage | undefined;
    const open = async (_account: string, warn: (message: string) => void) => {
      storage = await openSharedStorage({
        browser,
        account: group.account,
        group: group.name,
        knownSlot: this.#member.slot,
        warn,
        took: (slot) => {
          release = () => {
            slot.release();
          };
        },
        opened: (slot, places, messageIds) => {
          leader.opened(slot, places, messageIds);
        },
        passed: (places) => {
          leader.passed(places);
        },
        lost: () => {
          this.#fenced(leader);
        },
      });
      return storage;
    };
    const leaderHost = new LeaderHost(host, open);
    const leader: Leader = new Leader(
      {
        term,
        host: leaderHost.host,
        open: (audience, callMethod) =>
          this.#openLocal({
            ...this.#parts,
            host: leaderHost.host,
            // A page that was frozen while another one took over may find its socket open: the
            // session of the other must not be ended by what this one says there.
            maySpeak: () => storage?.isOurs() ?? Promise.resolve(true),
            audience,
            callMethod,
            options: {
              ...options,
              account: group.account,
              token: (reason) => this.#tokens.take(reason),
            },
          }),
        post: (message) => {
          this.#postAsLeader(leader, message);
        },
        watch: (id, gone) => {
          // Had once the tab lets go of it, that is when it is gone.
          void hold(browser.locks, presenceOf(id)).then((held) => {
            held?.release();
            if (held) gone();
          });
        },
        shown: (isHidden, hasCome) => {
          leaderHost.shown(isHidden, hasCome);
        },
        isLeading: () => this.#isLeading(),
        crashed: () => {
          // When all tabs have heard of it.
          queueMicrotask(() => {
            this.#crashed();
          });
        },
      },
      this.#member.places(),
    );
    this.#lead = {
      leader,
      host: leaderHost,
      release: () => {
        release();
      },
    };
    leader.announce();
  }

  /** Another one that leads says so when it is asked; that the lock is lost may come later. */
  #isLeading(): Promise<boolean> {
    const { host } = this.#parts;
    const lead = this.#lead;
    this.#ask(host.monotonicMs());
    return new Promise((resolve) => {
      after(host, CLAIM_MS, () => {
        resolve(this.#lead === lead);
      });
    });
  }

  #openLocal(parts: LocalSessionParts): Session {
    return this.#parts.openLocal?.(parts) ?? new LocalSession(parts);
  }

  /** Another tab leads now, and keeps the records: nothing more is done here. */
  #lost(): void {
    const lead = this.#lead;
    this.#lead = undefined;
    lead?.release();
    void lead?.leader.stop();
    if (this.#disposing) return;
    this.#group?.election.run();
    this.#look();
  }

  /** Its lock was taken away, which it is yet to be told. */
  #fenced(leader: Leader): void {
    if (this.#lead?.leader !== leader) return;
    this.#group?.election.resign();
    this.#lost();
  }

  /** The page stops: another tab is to lead, if there is one. */
  #frozen(): void {
    const lead = this.#lead;
    if (!lead || lead.leader.isAlone(this.#id)) return;
    this.#lead = undefined;
    lead.leader.resign();
    lead.release();
    void lead.leader.stop();
    this.#group?.election.resign();
  }

  /** This tab takes no further part. */
  #crashed(): void {
    const failure: Failure = {
      code: 'client_crashed',
      message: 'seqline has hit a fault of its own and stopped. Make a new client',
      retryable: false,
    };
    this.#end = new SeqlineError(failure);
    void this.dispose();
  }

  async #leave(): Promise<void> {
    this.#account.pause();
    this.#member.stop(this.#end);
    await this.#starting?.catch(() => undefined);
    const group = this.#group;
    if (!group) return;
    this.#stopTimer?.();
    group.stopPage();
    const lead = this.#lead;
    lead?.leader.resign();
    await lead?.leader.stop();
    lead?.release();
    this.#lead = undefined;
    if (!lead) this.#post({ type: 'bye' });
    group.election.stop();
    group.presence?.release();
    group.channel.close();
    this.#group = undefined;
  }

  #heard(message: Message): void {
    if (isOfLeader(message)) this.#heardLeader(message);
    else if (message.to === undefined || message.to === this.#id) this.#lead?.leader.heard(message);
  }

  #heardLeader(message: LeaderMessage): void {
    if (message.to !== undefined && message.to !== this.#id) return;
    this.#group?.watch.heard();
    if (this.#lead && message.from !== this.#id && message.term > this.#lead.leader.term) {
      this.#fenced(this.#lead.leader);
    }
    this.#member.heard(message);
  }

  #post(message: Unsent<TabMessage>): void {
    const full = { ...message, from: this.#id };
    if (message.to === this.#id) this.#tellSelf(full);
    else this.#group?.channel.post(full);
  }

  #postAsLeader(leader: Leader, message: Unsent<LeaderMessage>): void {
    const full = { ...message, from: this.#id };
    const isForAll = message.to === undefined;
    if (isForAll || message.to === this.#id) this.#tellSelf(full);
    const isHeard = message.type !== 'items' || !leader.isAlone(this.#id);
    if (isForAll ? isHeard : message.to !== this.#id) this.#group?.channel.post(full);
  }

  /** In a turn of its own, as messages of others come. */
  #tellSelf(message: Message): void {
    queueMicrotask(() => {
      this.#heard(message);
    });
  }
}

const presenceOf = (id: TabId): string => `seqline/tab/${id}`;
