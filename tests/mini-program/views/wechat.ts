/** How WeChat makes pages and components. A page is a component, too. */
import type { Instance, Lifecycle, Method, Options } from './instance.ts';
import type { Data, Drawn, Markup } from './template.ts';

export const weChatMarkup: Markup = {
  prefix: 'wx:',
  eventOf: (attribute) => /^(?:bind|catch):?(.+)$/.exec(attribute)?.[1],
};

export const weChatLifecycle: Lifecycle = {
  create: (component, given, owner) => {
    begin(component, propertiesOf(component, given), (type, detail) => {
      const handler = given.handlers[type];
      if (handler !== undefined) owner.call(handler, { type, detail });
    });
  },
  appear: (component) => {
    callIn(component, 'lifetimes', 'ready');
  },
  update: (component, given) => {
    const changed = Object.entries(propertiesOf(component, given)).filter(
      ([name, value]) => component.scope.data[name] !== value,
    );
    if (changed.length === 0) return;
    Object.assign(component.scope.data, Object.fromEntries(changed));
    for (const [name] of changed) callIn(component, 'observers', name);
    component.draw();
  },
  disappear: (instance) => {
    callIn(instance, 'lifetimes', 'detached');
  },
};

/** A page with this query is opened. */
export function beginWeChatPage(page: Instance, query: Record<string, string>): void {
  page.scope['route'] = page.definition.path;
  begin(page, {}, () => undefined);
  page.call('onLoad', query);
  page.call('onShow');
  page.draw();
  callIn(page, 'lifetimes', 'ready');
}

function begin(
  instance: Instance,
  given: Data,
  tell: (type: string, detail: unknown) => void,
): void {
  const { scope, definition } = instance;
  const declared = (definition.options['properties'] ?? {}) as Record<string, { value?: unknown }>;
  const defaults = Object.entries(declared).map(([name, { value }]) => [name, value]);
  Object.assign(scope.data, Object.fromEntries(defaults), given);
  Object.assign(scope, definition.options['methods'], {
    properties: scope.data,
    dataset: {},
    triggerEvent: tell,
    selectAllComponents: () => [],
    selectComponent: () => null,
  });
  (definition.options['created'] as Method | undefined)?.call(scope);
  callIn(instance, 'lifetimes', 'attached');
}

/** Attributes are `u-p` where the property is `uP`. */
function propertiesOf({ definition }: Instance, { attributes }: Drawn): Data {
  const declared = (definition.options['properties'] ?? {}) as Data;
  const entries = Object.entries(attributes).map(([name, value]) => [camel(name), value] as const);
  return Object.fromEntries(entries.filter(([name]) => name in declared));
}

const camel = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function callIn({ definition, scope }: Instance, group: string, name: string): void {
  const methods = (definition.options[group] ?? {}) as Options;
  (methods[name] as Method | undefined)?.call(scope);
}
