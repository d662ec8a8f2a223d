// The methods that the console calls, with their types.
import type { Call } from './call.ts';
import type {
  AuditLine,
  Broadcast,
  BroadcastState,
  Draft,
  Preview,
  Progress,
  Reach,
  Staging,
  Viewer,
} from './types.ts';

/** A broadcast as it was seen: what is done to a newer one is refused. */
export type Seen = Pick<Broadcast, 'id' | 'revision'>;

export class OperatorApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  list(states: BroadcastState[], before: number | undefined, limit: number) {
    const params = { states, limit, ...(before === undefined ? {} : { before }) };
    return this.#ask<{ broadcasts: Broadcast[]; next?: number }>('broadcasts.list', params);
  }

  get(id: number) {
    return this.#ask<Broadcast>('broadcasts.get', { id });
  }

  create(draft: Draft) {
    return this.#ask<Broadcast>('broadcasts.create', draft);
  }

  edit(seen: Seen, draft: Draft) {
    return this.#ask<Broadcast>('broadcasts.edit', { ...idOf(seen), ...draft });
  }

  stage(seen: Seen, staging: Staging) {
    return this.#ask<Broadcast>('broadcasts.stage', { ...idOf(seen), ...staging });
  }

  /** @param window_ms over which connected users are told; not at all if absent */
  publish(seen: Seen, window_ms?: number) {
    const wave = window_ms === undefined ? {} : { wave: { window_ms } };
    return this.#ask<Broadcast>('broadcasts.publish', { ...idOf(seen), ...wave });
  }

  wave(seen: Seen, window_ms: number) {
    return this.#ask<Broadcast>('broadcasts.wave', { ...idOf(seen), window_ms });
  }

  stop(seen: Seen) {
    return this.#ask<Broadcast>('broadcasts.stop', idOf(seen));
  }

  recall(seen: Seen) {
    return this.#ask<Broadcast>('broadcasts.recall', idOf(seen));
  }

  delete(seen: Seen) {
    return this.#ask<unknown>('broadcasts.delete', idOf(seen));
  }

  audit(id: number | undefined, before: number | undefined, limit: number) {
    const params = {
      limit,
      ...(id === undefined ? {} : { id }),
      ...(before === undefined ? {} : { before }),
    };
    return this.#ask<{ lines: AuditLine[]; next?: number }>('broadcasts.audit', params);
  }

  preview({ content, audience }: Draft, viewer: Viewer) {
    return this.#ask<Preview>('broadcasts.preview', { content, audience, ...viewer });
  }

  reach(id: number) {
    return this.#ask<Reach>('broadcasts.reach', { id });
  }

  progress(id: number) {
    return this.#ask<Progress>('broadcasts.progress', { id });
  }

  async allowList() {
    return (await this.#ask<{ users: string[] }>('allow_list.get', {})).users;
  }

  async changeAllowList(how: 'replace' | 'add' | 'remove', users: string[]) {
    return (await this.#ask<{ users: string[] }>(`allow_list.${how}`, { users })).users;
  }

  async #ask<T>(method: string, params: object): Promise<T> {
    return (await this.#call(method, params)) as T;
  }
}

const idOf = ({ id, revision }: Seen): Seen => ({ id, revision });
