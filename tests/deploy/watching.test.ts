/** Dashboard and alerts speak of what a relay really tells, in queries that Prometheus understands. */
import { readFile } from 'node:fs/promises';

import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { inRoot } from '../../tools/setup/paths.mjs';
import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';
import { check, isMissing } from './programs.ts';

interface Dashboard {
  panels: {
    id: number;
    type: string;
    title: string;
    description?: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { expr: string }[];
  }[];
  annotations: { list: { expr: string }[] };
  templating: { list: { query: string | { query: string } }[] };
}

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[];
}

interface Selector {
  metric: string;
  /** Values that it asks for, by label; of a regular expression, its alternatives. */
  labels: Map<string, string[]>;
}

const alertsFile = inRoot('deploy/prometheus/alerts.yaml');
/** What Prometheus adds to what it reads. */
const ownMetrics = ['up', 'ALERTS'];
const ownLabels = ['job', 'instance', 'le'];

let relay: Relay;
/** What it tells: by metric, by label, the values there are. */
let served: Map<string, Map<string, Set<string>>>;
let dashboard: Dashboard;
let rules: Rules;
beforeAll(async () => {
  dashboard = JSON.parse(
    await readFile(inRoot('deploy/grafana/seqline.json'), 'utf8'),
  ) as Dashboard;
  rules = parse(await readFile(alertsFile, 'utf8')) as Rules;
  relay = await Relay.start();
  // One life of a message, so that what is only told once it happened is told.
  const alice = await Wire.connect(relay.url, await devToken(relay.url, 'alice'));
  await alice.sendText('bob', 'hello', 'm1');
  const metrics = await fetch(new URL('/metrics', relay.url));
  served = read(await metrics.text());
  alice.drop();
});
afterAll(() => relay.dispose());

const queries = (): [string, string][] => [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr]),
  ),
  ...dashboard.annotations.list.map(({ expr }): [string, string] => ['annotation', expr]),
  ...rules.groups.flatMap((group) =>
    group.rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ),
];

test('every query is one', () => {
  expect(queries().length).toBeGreaterThan(60);
  for (const [where, query] of queries()) expect([where, errorsOf(query)]).toEqual([where, []]);
  expect(errorsOf('rate(seqline_sends_total[5m]')).not.toEqual([]);
});

test('every metric that is asked for is served, with that label, and that value of it', () => {
  for (const [where, query] of queries()) {
    for (const { metric, labels } of selectorsOf(query)) {
      if (ownMetrics.includes(metric)) continue;
      expect([where, metric, served.has(metric)]).toEqual([where, metric, true]);
      const own = [...labels].filter(([label]) => !ownLabels.includes(label));
      for (const [label, values] of own) {
        const there = served.get(metric)?.get(label);
        for (const value of values)
          expect([metric, label, [...(there ?? [])]]).toContainEqual(
            expect.arrayContaining([value]),
          );
      }
    }
  }
  expect(served.has('seqline_sendz_total')).toBe(false);
});

test('every metric that is served is on the dashboard', () => {
  const shown = new Set(
    dashboard.panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric)),
    ),
  );
  const missing = [...served.keys()].filter(
    (name) => !shown.has(name) && !/_(bucket|sum|count)$/.test(name),
  );
  expect(missing).toEqual([]);
});

test('panels do not overlap, have ids of their own, and say what they show', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, type, description, gridPos } of panels) {
    if (type !== 'row') expect([title, description]).toEqual([title, expect.stringMatching(/\w/)]);
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

test.skipIf(isMissing('promtool'))('Prometheus takes the alerts', async () => {
  expect(await check('promtool', 'check', 'rules', alertsFile)).toContain('SUCCESS');
});

test.skipIf(isMissing('promtool'))('each alert comes when it should, and not before', async () => {
  const tests = inRoot('deploy/prometheus/alerts.test.yaml');
  expect(await check('promtool', 'test', 'rules', tests)).toContain('SUCCESS');
  const text = await readFile(tests, 'utf8');
  for (const { alert, labels } of rules.groups.flatMap((group) => group.rules)) {
    expect(text).toContain(alert);
    expect(['page', 'ticket']).toContain(labels.severity);
  }
});

function read(text: string): Map<string, Map<string, Set<string>>> {
  const found = new Map<string, Map<string, Set<string>>>();
  for (const [, name = '', list = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const labels = found.get(name) ?? new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of list.matchAll(/(\w+)="(.*?)"/g)) {
      labels.set(label, (labels.get(label) ?? new Set()).add(value));
    }
    found.set(name, labels);
  }
  return found;
}

/** Variables of Grafana stand where Prometheus wants something else. */
const withoutVariables = (query: string): string => query.replaceAll('$__rate_interval', '5m');

function errorsOf(query: string): number[] {
  const found: number[] = [];
  parser.parse(withoutVariables(query)).iterate({
    enter: ({ type, from }) => {
      if (type.isError) found.push(from);
    },
  });
  return found;
}

function selectorsOf(query: string): Selector[] {
  const text = withoutVariables(query);
  const found: Selector[] = [];
  parser.parse(text).iterate({
    enter: ({ name, from, to }) => {
      const source = text.slice(from, to);
      if (name === 'VectorSelector') {
        found.push({ metric: /^\w+/.exec(source)?.[0] ?? '', labels: new Map() });
      }
      if (name !== 'UnquotedLabelMatcher') return;
      const [, label = '', value = ''] = /^(\w+)\W+"(.*)"$/.exec(source) ?? [];
      found.at(-1)?.labels.set(label, value.split('|'));
    },
  });
  return found;
}
