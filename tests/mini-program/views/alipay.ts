/** How Alipay makes pages and components, those of the second kind (`component2`). */
import type { Instance, Lifecycle, Method } from './instance.ts';
import type { Data, Drawn, Markup } from './template.ts';

export const alipayMarkup: Markup = {
  prefix: 'a:',
  eventOf: (attribute) => {
    const name = /^(?:on|catch)([A-Z].*)$/.exec(attribute)?.[1];
    return name && name.charAt(0).toLowerCase() + name.slice(1);
  },
};

export const alipayLifecycle: Lifecycle = {
  create: (component, given, owner) => {
    const { scope, definition } = component;
    Object.assign(scope, definition.options['methods'], {
      $id: given.key,
      props: propsOf(component, given, owner),
    });
    callOption(component, 'onInit');
  },
  appear: (component) => {
    callOption(component, 'didMount');
  },
  update: (component, given, owner) => {
    const next = propsOf(component, given, owner);
    const before = component.scope['props'] as Data;
    const isSame = Object.entries(next).every(
      ([name, value]) => typeof value === 'function' || value === before[name],
    );
    if (isSame) return;
    callOption(component, 'deriveDataFromProps', next);
    component.scope['props'] = next;
    component.draw();
  },
  disappear: (instance) => {
    callOption(instance, 'didUnmount');
  },
};

/** A page with this query is opened. */
export function beginAlipayPage(page: Instance, query: Record<string, string>): void {
  const { options, path } = page.definition;
  const { data } = page.scope;
  Object.assign(page.scope, options, { data, route: path, $id: path });
  page.call('onLoad', query);
  page.call('onShow');
  page.draw();
  page.call('onReady');
}

/** What a component listens with is among its properties, as a function. */
function propsOf({ definition }: Instance, given: Drawn, owner: Instance): Data {
  const props: Data = { ...(definition.options['props'] as Data | undefined) };
  for (const [name, value] of Object.entries(given.attributes)) {
    props[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = value;
  }
  for (const [event, handler] of Object.entries(given.handlers)) {
    const name = `on${event.charAt(0).toUpperCase()}${event.slice(1)}`;
    props[name] = (...args: unknown[]) => owner.call(handler, ...args);
  }
  return props;
}

function callOption({ definition, scope }: Instance, name: string, ...args: unknown[]): void {
  (definition.options[name] as Method | undefined)?.apply(scope, args);
}
