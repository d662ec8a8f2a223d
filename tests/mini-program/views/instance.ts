/** A page or a component that is there: its data, and what is drawn of them. */
import type { Data, Drawn, Template } from './template.ts';

/** What a page or a component is made from. */
export interface Definition {
  /** Its place in the package, without a suffix. */
  path: string;
  /** What its script gave to `Page` or `Component`. */
  options: Options;
  template: Template;
  /** By their tags. */
  components: ReadonlyMap<string, Definition>;
}

export type Method = (this: unknown, ...args: unknown[]) => unknown;
export type Options = Record<string, unknown>;

/** What the script knows as `this`. */
export type Scope = Record<string, unknown> & { data: Data };

/** How a host makes instances, and tells them of what happens. */
export interface Lifecycle {
  /** Fills in a new component's `this`. @param tell calls what its owner listens with */
  create(instance: Instance, given: Drawn, owner: Instance): void;
  /** It is drawn for the first time. */
  appear(instance: Instance): void;
  /** Its owner draws it again. */
  update(instance: Instance, given: Drawn, owner: Instance): void;
  disappear(instance: Instance): void;
}

export interface Found {
  drawn: Drawn;
  /** Whose template it is of. */
  owner: Instance;
  /** It and what it is in, from inside out, within the owner. */
  path: Drawn[];
}

export class Instance {
  readonly definition: Definition;
  readonly scope: Scope;
  drawn: Drawn[] = [];
  readonly #lifecycle: Lifecycle;
  readonly #post: (callback: () => void) => void;
  readonly #components = new Map<string, Instance>();
  #isDrawing = false;
  #isStale = false;
  #isGone = false;

  /** @param post calls back in a later turn */
  constructor(definition: Definition, lifecycle: Lifecycle, post: (callback: () => void) => void) {
    this.definition = definition;
    this.#lifecycle = lifecycle;
    this.#post = post;
    this.scope = {
      data: copyOf((definition.options['data'] ?? {}) as Data),
      is: definition.path,
      setData: (changes: Data, done?: () => void) => {
        this.setData(changes);
        if (done) post(done.bind(this.scope));
      },
    };
  }

  /** New values by their paths, such as `list[3].name`. They are copied: functions do not cross. */
  setData(changes: Data): void {
    for (const [path, value] of Object.entries(changes)) {
      put(this.scope.data, path, value === undefined ? undefined : copyOf({ value })['value']);
    }
    this.draw();
  }

  draw(): void {
    this.#isStale = true;
    // Asked while it draws, by a component that is made: it goes on when that is done.
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    while (this.#isStale && !this.#isGone) {
      this.#isStale = false;
      this.drawn = this.definition.template.draw(this.scope.data);
      this.#reconcile();
    }
    this.#isDrawing = false;
  }

  /** Calls a method of the script, if it has one of this name. */
  call(name: string, ...args: unknown[]): unknown {
    const method = this.scope[name];
    return typeof method === 'function' ? (method as Method).apply(this.scope, args) : undefined;
  }

  /** Everything of this name that is drawn, of components too, in the order of the document. */
  find(testId: string): Found[] {
    return this.drawn.flatMap((root) => this.#findIn(root, [], testId));
  }

  remove(): void {
    this.#isGone = true;
    for (const component of this.#components.values()) component.remove();
    this.#components.clear();
    this.#lifecycle.disappear(this);
  }

  #findIn(drawn: Drawn, above: Drawn[], testId: string): Found[] {
    const path = [drawn, ...above];
    const isOne = drawn.attributes['data-testid'] === testId;
    const component = this.#components.get(drawn.key);
    return [
      ...(isOne ? [{ drawn, owner: this, path }] : []),
      ...(component?.find(testId) ?? []),
      ...drawn.children.flatMap((child) =>
        typeof child === 'string' ? [] : this.#findIn(child, path, testId),
      ),
    ];
  }

  #reconcile(): void {
    const gone = new Set(this.#components.keys());
    for (const drawn of this.drawn.flatMap(allIn)) {
      const definition = this.definition.components.get(drawn.tag);
      if (!definition) continue;
      gone.delete(drawn.key);
      const known = this.#components.get(drawn.key);
      if (known) {
        this.#lifecycle.update(known, drawn, this);
        continue;
      }
      const component = new Instance(definition, this.#lifecycle, this.#post);
      this.#components.set(drawn.key, component);
      this.#lifecycle.create(component, drawn, this);
      component.draw();
      this.#lifecycle.appear(component);
    }
    for (const key of gone) {
      this.#components.get(key)?.remove();
      this.#components.delete(key);
    }
  }
}

const allIn = (drawn: Drawn): Drawn[] => [
  drawn,
  ...drawn.children.flatMap((child) => (typeof child === 'string' ? [] : allIn(child))),
];

const copyOf = (data: Data): Data => JSON.parse(JSON.stringify(data)) as Data;

function put(data: Data, path: string, value: unknown): void {
  const names = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  const last = names.pop() ?? '';
  let place = data;
  for (const [index, name] of names.entries()) {
    const isList = /^\d+$/.test(names[index + 1] ?? last);
    place = (place[name] ??= isList ? [] : {}) as Data;
  }
  place[last] = value;
}
