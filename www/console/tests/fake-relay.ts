// A relay's public mailbox in memory, as far as the console can tell.
import type { Call } from '../src/api/call.ts';
import { ApiFailure } from '../src/api/failure.ts';
import type {
  AuditLine,
  Broadcast,
  BroadcastState,
  Draft,
  Problem,
  Staging,
} from '../src/api/types.ts';

interface Params extends Draft, Staging {
  id: number;
  revision: number;
  states: BroadcastState[];
  before?: number;
  limit: number;
  users: string[];
  wave?: { window_ms: number };
  window_ms: number;
  attributes?: Record<string, string>;
}

export class FakeRelay {
  readonly broadcasts = new Map<number, Broadcast>();
  readonly audit: AuditLine[] = [];
  /** Every call, by name. */
  readonly calls: string[] = [];
  allowList: string[] = [];
  /** Set to refuse every call. */
  isDown = false;
  /** The time. */
  now_us = Date.parse('2026-05-03T09:00:00Z') * 1_000;
  #changes = 0;

  callAs(operator: string): Call {
    // Asynchronous, as the real one: a fault of a test would be thrown at once otherwise.
    return async (method, params) => {
      await Promise.resolve();
      this.calls.push(method);
      if (this.isDown) throw new ApiFailure('unreachable', 'The relay cannot be reached.');
      // As over the network: nothing is shared.
      const given = JSON.parse(JSON.stringify(params)) as Params;
      return structuredClone(this.#answer(operator, method, given));
    };
  }

  #answer(operator: string, method: string, params: Params): unknown {
    switch (method) {
      case 'broadcasts.create':
        return this.#create(operator, params);
      case 'broadcasts.get':
        return this.#found(params.id);
      case 'broadcasts.list':
        return this.#list(params);
      case 'broadcasts.edit':
        return this.#change(operator, 'edit', params, (row) => {
          const [problem] = problemsOf(params);
          if (problem)
            throw new ApiFailure('field_invalid', `${problem.field}: ${problem.message}`);
          if (row.published_us !== undefined) row.version += 1;
          const { content, audience, every_device } = params;
          Object.assign(row, { content, audience, every_device });
        });
      case 'broadcasts.stage':
        return this.#change(operator, 'stage', params, (row) => {
          const { allow_list, percent } = params;
          Object.assign(row, { state: 'staged', staging: { allow_list, percent } });
          this.#shown(row);
        });
      case 'broadcasts.publish':
        return this.#change(operator, 'publish', params, (row) => {
          row.state = 'published';
          if (params.wave) row.wave = { starts_us: this.now_us, ...params.wave };
          this.#shown(row);
        });
      case 'broadcasts.wave':
        return this.#change(operator, 'wave', params, (row) => {
          row.wave = { starts_us: this.now_us, window_ms: params.window_ms };
        });
      case 'broadcasts.stop':
      case 'broadcasts.recall':
        return this.#change(operator, method.slice('broadcasts.'.length), params, (row) => {
          row.state = method === 'broadcasts.stop' ? 'stopped' : 'recalled';
        });
      case 'broadcasts.delete':
        this.#change(operator, 'delete', params, ({ id }) => this.broadcasts.delete(id));
        return {};
      case 'broadcasts.audit':
        return this.#auditPage(params);
      case 'broadcasts.preview':
        return preview(params);
      case 'allow_list.get':
        return { users: this.allowList };
      case 'allow_list.replace':
        this.allowList = [...params.users].sort();
        return { users: this.allowList };
      case 'allow_list.add':
        this.allowList = [...new Set([...this.allowList, ...params.users])].sort();
        return { users: this.allowList };
      case 'allow_list.remove':
        this.allowList = this.allowList.filter((user) => !params.users.includes(user));
        return { users: this.allowList };
      default:
        throw new ApiFailure('method_unknown', `there is no method ${method}`);
    }
  }

  #create(operator: string, { content, audience, every_device }: Params): Broadcast {
    const [problem] = problemsOf({ content, audience });
    if (problem) throw new ApiFailure('field_invalid', `${problem.field}: ${problem.message}`);
    const id = this.audit.length + 1;
    const times = { created_us: this.now_us, changed_us: this.now_us };
    const staging = { allow_list: false, percent: 0 };
    const draft = { content, audience, every_device };
    const row: Broadcast = {
      id,
      state: 'draft',
      revision: 1,
      version: 1,
      staging,
      ...draft,
      ...times,
    };
    this.broadcasts.set(id, row);
    this.#note(operator, 'create', row);
    return row;
  }

  #list({ states, before, limit }: Params) {
    const rows = [...this.broadcasts.values()]
      .filter(({ id }) => before === undefined || id < before)
      .filter(({ state }) => states.length === 0 || states.includes(state))
      .sort((one, other) => other.id - one.id);
    const broadcasts = rows.slice(0, limit);
    const next = rows.length > limit ? broadcasts.at(-1)?.id : undefined;
    return next === undefined ? { broadcasts } : { broadcasts, next };
  }

  #auditPage({ id, before, limit }: Partial<Params>) {
    const lines = this.audit
      .filter((line) => id === undefined || line.broadcast === id)
      .filter((line) => before === undefined || line.id < before)
      .reverse();
    const page = lines.slice(0, limit);
    return lines.length > page.length ? { lines: page, next: page.at(-1)?.id } : { lines: page };
  }

  #found(id: number): Broadcast {
    const row = this.broadcasts.get(id);
    if (!row) throw new ApiFailure('broadcast_unknown', 'there is no broadcast of this id');
    return row;
  }

  #change(operator: string, action: string, seen: Params, change: (row: Broadcast) => void) {
    const row = this.#found(seen.id);
    if (row.revision !== seen.revision) {
      const text = `it was changed meanwhile: its revision is ${row.revision}`;
      throw new ApiFailure('revision_conflict', text);
    }
    if (row.state === 'recalled' && action !== 'delete') {
      throw new ApiFailure('state_forbidden', `a broadcast that is recalled cannot be ${action}ed`);
    }
    change(row);
    row.revision += 1;
    row.changed_us = this.now_us;
    this.#note(operator, action, row);
    return row;
  }

  #shown(row: Broadcast): void {
    row.published_us ??= this.now_us;
    row.pub_seq = this.#changes += 1;
  }

  #note(operator: string, action: string, row: Broadcast): void {
    const { id: broadcast, revision } = row;
    const id = this.audit.length + 1;
    this.audit.push({ id, broadcast, operator, at_us: this.now_us, action, revision, details: {} });
  }
}

function preview({ content, audience, attributes = {} }: Params) {
  const filled = (text: string): string =>
    text.replace(/\{\{(\w+)(?:\|([^}]*))?\}\}/g, (_, name: string, or?: string) => {
      return attributes[name] ?? or ?? '';
    });
  const problems = problemsOf({ content, audience });
  return { title: filled(content.title), body: filled(content.body), problems };
}

function problemsOf({ content, audience }: Pick<Draft, 'content' | 'audience'>): Problem[] {
  const { starts_us = 0, expires_us = Infinity } = audience;
  return [
    ...(content.title === '' ? [{ field: 'content.title', message: 'it is empty' }] : []),
    ...(content.body === '' ? [{ field: 'content.body', message: 'it is empty' }] : []),
    ...(expires_us <= starts_us
      ? [{ field: 'audience.expires_us', message: 'it ends before it starts' }]
      : []),
  ];
}
