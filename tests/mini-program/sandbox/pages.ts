/**
 * `App`, `Page`, `Component` and the stack of pages. A page is what its script says and what it has
 * set: nothing is drawn. A component that a page uses is not made.
 */
import type { Realm } from './realm.ts';

type Functions = Record<string, unknown>;

interface PageOptions extends Functions {
  data?: unknown;
  methods?: Functions;
  lifetimes?: Functions;
  pageLifetimes?: Functions;
  properties?: Record<string, unknown>;
}

export class Pages {
  readonly #realm: Realm;
  readonly #load: (route: string) => void;
  readonly #registered = new Map<string, { options: PageOptions; isComponent: boolean }>();
  readonly #stack: PageInstance[] = [];
  /** Whose script is being loaded. */
  #loading = '';
  #app: Functions | undefined;
  #lastId = 0;

  /** @param load runs the script of a page */
  constructor(realm: Realm, load: (route: string) => void) {
    this.#realm = realm;
    this.#load = load;
  }

  globals(): Functions {
    return {
      App: (options: Functions) => {
        this.#app = options;
      },
      Page: (options: PageOptions) => {
        this.#registered.set(this.#loading, { options, isComponent: false });
      },
      Component: (options: PageOptions) => {
        this.#registered.set(this.#loading, { options, isComponent: true });
      },
      Behavior: (options: Functions) => options,
      getApp: () => this.#app,
      // An array of the script's world.
      getCurrentPages: () => {
        const list = this.#realm.run('[]') as unknown[];
        list.push(...this.#stack.map(({ scope }) => scope));
        return list;
      },
    };
  }

  get app(): Functions | undefined {
    return this.#app;
  }

  /** The one in view. */
  get current(): PageInstance | undefined {
    return this.#stack.at(-1);
  }

  /** Calls a life-cycle function of the app. */
  tellApp(name: string, event: unknown): void {
    call(this.#app, this.#app?.[name], event);
  }

  /** Opens a page over the one in view, or in the place of so many. */
  open(route: string, query: Record<string, string> = {}, replaces = 0): PageInstance {
    const path = route.replace(/^\//, '');
    if (!this.#registered.has(path)) {
      this.#loading = path;
      this.#load(path);
    }
    const registered = this.#registered.get(path);
    if (!registered) throw new Error(`the script of ${path} registered no page`);
    this.current?.tell('onHide', 'hide');
    for (let left = replaces; left > 0; left -= 1) this.#stack.pop()?.tell('onUnload', 'detached');
    const page = new PageInstance(this.#realm, path, (this.#lastId += 1), registered);
    this.#stack.push(page);
    page.start(query);
    return page;
  }

  back(count = 1): void {
    for (let left = count; left > 0 && this.#stack.length > 1; left -= 1) {
      this.#stack.pop()?.tell('onUnload', 'detached');
    }
    this.current?.tell('onShow', 'show');
  }

  get depth(): number {
    return this.#stack.length;
  }
}

export class PageInstance {
  readonly route: string;
  /** `this` of the page's functions. */
  readonly scope: Functions;
  readonly #options: PageOptions;
  readonly #isComponent: boolean;

  constructor(
    realm: Realm,
    route: string,
    id: number,
    { options, isComponent }: { options: PageOptions; isComponent: boolean },
  ) {
    this.route = route;
    this.#options = options;
    this.#isComponent = isComponent;
    const copy = (value: unknown): unknown =>
      value === undefined ? undefined : realm.run(`(${JSON.stringify(value)})`);
    const data = (copy(options.data ?? {}) ?? {}) as Record<string, unknown>;
    const setData = (changes: Record<string, unknown>, done?: unknown) => {
      for (const [path, value] of Object.entries(changes)) setPath(data, path, copy(value), copy);
      realm.post(done);
    };
    this.scope = Object.assign(realm.run('({})') as Functions, {
      ...(isComponent ? options.methods : options),
      data,
      properties: data,
      route,
      is: route,
      __wxExparserNodeId__: String(id),
      $id: id,
      $page: { fullPath: `/${route}` },
      setData,
      $spliceData: setData,
      $batchedUpdates: (run: () => void) => {
        run();
      },
      selectComponent: () => null,
      selectAllComponents: () => [],
      createSelectorQuery: () => null,
      triggerEvent: () => undefined,
      getPageId: () => String(id),
    });
  }

  /** What the page shows. */
  get data(): Record<string, unknown> {
    return this.scope['data'] as Record<string, unknown>;
  }

  /** Something happens to an element, whose handler has this name: in the page, or in its data. */
  dispatch(handler: string, event: Record<string, unknown> = {}): unknown {
    const whole = { type: 'tap', detail: {}, target: {}, currentTarget: {}, ...event };
    const target = this.scope[handler];
    if (typeof target !== 'function') throw new Error(`${this.route} has no handler ${handler}`);
    return call(this.scope, target, whole);
  }

  start(query: Record<string, string>): void {
    this.scope['options'] = query;
    if (this.#isComponent) {
      for (const name of ['created', 'attached']) this.#lifetime(name);
    }
    call(this.scope, this.scope['onLoad'], query);
    this.tell('onShow', 'show');
    if (this.#isComponent) this.#lifetime('ready');
    call(this.scope, this.scope['onReady']);
  }

  tell(method: string, lifetime: string): void {
    call(this.scope, this.scope[method]);
    if (!this.#isComponent) return;
    if (lifetime === 'detached') this.#lifetime(lifetime);
    else call(this.scope, this.#options.pageLifetimes?.[lifetime]);
  }

  #lifetime(name: string): void {
    call(this.scope, this.#options.lifetimes?.[name] ?? this.#options[name]);
  }
}

function call(scope: unknown, method: unknown, ...args: unknown[]): unknown {
  return typeof method === 'function' ? (method.apply(scope, args) as unknown) : undefined;
}

/** Sets what a path like `rows[2].title` leads to, and makes what is missing on the way. */
function setPath(
  data: Record<string, unknown>,
  path: string,
  value: unknown,
  copy: (value: unknown) => unknown,
): void {
  const keys = path.match(/[^.[\]]+/g) ?? [];
  let target = data;
  for (const [at, key] of keys.slice(0, -1).entries()) {
    const isList = /^\d+$/.test(keys[at + 1] ?? '');
    target[key] ??= copy(isList ? [] : {});
    target = target[key] as Record<string, unknown>;
  }
  target[keys.at(-1) ?? path] = value;
}
