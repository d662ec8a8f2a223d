/** Templates of pages and components: WXML of WeChat, AXML of Alipay. */
import { compileFunction } from 'node:vm';

import { baseParse, NodeTypes, type ElementNode, type TemplateChildNode } from '@vue/compiler-core';

/** How a host writes what is the same in both. */
export interface Markup {
  /** Of `if`, `for` and the like: `wx:` or `a:`. */
  prefix: string;
  /** The event that an attribute handles, if it is one that does. */
  eventOf(attribute: string): string | undefined;
}

export type Data = Record<string, unknown>;

/** An element as it is drawn, with nothing left to be evaluated. */
export interface Drawn {
  /** Tells it apart from others of its template, also when it is drawn again. */
  key: string;
  tag: string;
  attributes: Data;
  /** Names of handlers, by their events. */
  handlers: Record<string, string>;
  children: (Drawn | string)[];
}

export class Template {
  readonly #nodes: TemplateChildNode[];
  readonly #markup: Markup;

  constructor(source: string, markup: Markup) {
    this.#nodes = baseParse(source, { parseMode: 'base' }).children;
    this.#markup = markup;
  }

  draw(data: Data): Drawn[] {
    return this.#children(this.#nodes, data, '').filter((child) => typeof child !== 'string');
  }

  #children(nodes: TemplateChildNode[], data: Data, key: string): (Drawn | string)[] {
    const drawn: (Drawn | string)[] = [];
    // Whether one of the `if` and `elif` before was met.
    let isMet = false;
    for (const [index, node] of nodes.entries()) {
      if (node.type === NodeTypes.TEXT) drawn.push(node.content);
      else if (node.type === NodeTypes.INTERPOLATION) {
        drawn.push(textOf(evaluate(node.loc.source, data)));
      } else if (node.type === NodeTypes.ELEMENT) {
        const [first, next, last] = ['if', 'elif', 'else'].map((each) =>
          this.#directive(node, each),
        );
        const isFree: boolean = first !== undefined || (next ?? last) === undefined || !isMet;
        const condition = first ?? next;
        const isShown: boolean =
          isFree && (condition === undefined || Boolean(evaluate(condition, data)));
        if (first !== undefined) isMet = isShown;
        else isMet ||= isShown;
        if (isShown) drawn.push(...this.#repeated(node, data, `${key}/${index}`));
      }
    }
    return drawn;
  }

  #repeated(node: ElementNode, data: Data, key: string): (Drawn | string)[] {
    const list = this.#directive(node, 'for');
    if (list === undefined) return this.#element(node, data, key);
    const item = this.#directive(node, 'for-item') ?? 'item';
    const index = this.#directive(node, 'for-index') ?? 'index';
    const name = this.#directive(node, 'key');
    const items = (evaluate(list, data) ?? []) as Data[];
    return items.flatMap((each, place) => {
      const own = name === undefined ? place : textOf(each[name]);
      return this.#element(node, { ...data, [item]: each, [index]: place }, `${key}[${own}]`);
    });
  }

  #element(node: ElementNode, data: Data, key: string): (Drawn | string)[] {
    const children = this.#children(node.children, data, key);
    if (node.tag === 'block') return children;
    const attributes: Data = {};
    const handlers: Record<string, string> = {};
    for (const property of node.props) {
      if (property.type !== NodeTypes.ATTRIBUTE) continue;
      const { name, value } = property;
      if (name.startsWith(this.#markup.prefix)) continue;
      const given = value === undefined ? true : evaluate(value.content, data);
      const event = this.#markup.eventOf(name);
      if (event === undefined) attributes[name] = given;
      else if (typeof given === 'string') handlers[event] = given;
    }
    return [{ key, tag: node.tag, attributes, handlers, children }];
  }

  #directive({ props }: ElementNode, name: string): string | undefined {
    const full = `${this.#markup.prefix}${name}`;
    for (const property of props) {
      if (property.type === NodeTypes.ATTRIBUTE && property.name === full) {
        return property.value?.content ?? '';
      }
    }
    return undefined;
  }
}

/** All of the text in an element. */
export function textIn(child: Drawn | string): string {
  return typeof child === 'string' ? child : child.children.map(textIn).join('');
}

/** A text with expressions in double braces; the value itself if it is nothing but one. */
function evaluate(text: string, data: Data): unknown {
  const whole = /^\{\{((?:(?!\}\}).)*)\}\}$/s.exec(text);
  if (whole) return valueOf(whole[1] ?? '', data);
  return text.replace(/\{\{(.*?)\}\}/gs, (_, expression: string) =>
    textOf(valueOf(expression, data)),
  );
}

type Expression = (scope: unknown) => unknown;

const compiled = new Map<string, Expression>();

function valueOf(expression: string, data: Data): unknown {
  let run = compiled.get(expression);
  if (!run) {
    run = compileFunction(`with (scope) { return (${expression}); }`, ['scope']) as Expression;
    compiled.set(expression, run);
  }
  // What is not there is undefined, and nothing of ours is there.
  return run(new Proxy(data, { has: () => true, get: (all, name) => all[name as string] }));
}

/** What an object reads as is of no use to anybody. */
const textOf = (value: unknown): string =>
  typeof value === 'object' || value === undefined ? '' : `${value as string | number}`;
