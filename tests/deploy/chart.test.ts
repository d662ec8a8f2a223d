/**
 * The Helm chart: rendered by what Helm renders with (chart/render.go), held against Kubernetes' types and the relay's
 * settings. Where there is no cluster, that is as far as it goes.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { promisify } from 'node:util';

import { Ajv, type ValidateFunction } from 'ajv';
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1';
import type { Container, PodSpec, Secret } from 'kubernetes-types/core/v1';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { inRoot } from '../../tools/setup/paths.mjs';
import { findBinary, Relay } from '../support/relay.ts';
import { isMissing, pathOf } from './programs.ts';
import { environmentNames } from './settings.ts';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

type Values = Readonly<Record<string, unknown>>;

const run = promisify(execFile);
const chart = inRoot('deploy/helm/seqline');
const secret = 'a secret "of" <32> bytes or more \\ with signs';
const apps = {
  chat: {
    secret,
    webhook_secret: secret,
    check_url: 'https://chat.example/check?a=b&c=d',
    check_timeout_ms: 1_000,
    allow_list: ['alice', 'bob'],
  },
};
const url = 'postgres://seqline:password@db.example/seqline';

/** Everything that can be switched on. */
const everything: Values = {
  storage: 'postgres',
  postgres: { url },
  apps,
  settings: {
    sessions_max: 1_000_000,
    allowed_origins: ['https://a.example', 'https://b.example'],
  },
  autoscaling: { enabled: true },
  ingress: { enabled: true, className: 'nginx', tlsSecret: 'certificate', annotations: { a: 'b' } },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  networkPolicy: { enabled: true, from: [{ namespaceSelector: {} }] },
  imagePullSecrets: [{ name: 'registry' }],
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'chat', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  podLabels: { team: 'chat' },
  podAnnotations: { note: 'none' },
  serviceAccount: { annotations: { role: 'none' } },
  service: { annotations: { balancer: 'none' } },
};

const variants: Readonly<Record<string, Values>> = {
  'one relay': { apps },
  'a fleet': { storage: 'postgres', postgres: { url }, apps },
  'secrets of yours': {
    storage: 'postgres',
    postgres: { existingSecret: 'db' },
    existingSecret: 'config',
  },
  everything,
};

async function render(values: Values): Promise<Record<string, string>> {
  const child = spawn(pathOf('render-chart'), [chart, 'demo']);
  child.stdin.end(JSON.stringify(values));
  const ended = once(child, 'close');
  const [files, errors] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  await ended;
  if (errors !== '') throw new Error(errors);
  return JSON.parse(files) as Record<string, string>;
}

/** What would be sent to Kubernetes. */
async function manifests(values: Values): Promise<Manifest[]> {
  const files = Object.entries(await render(values)).filter(([name]) => name.endsWith('.yaml'));
  return files.flatMap(([name, text]) =>
    parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
      expect([name, document.errors]).toEqual([name, []]);
      return (document.toJS() as Manifest | null) ?? [];
    }),
  );
}

const ofKind = async <T>(kind: string, values: Values): Promise<T[]> =>
  (await manifests(values)).filter((one) => one.kind === kind) as T[];

async function podOf(values: Values): Promise<PodSpec> {
  const sets = await ofKind<StatefulSet>('StatefulSet', values);
  const [owner] = [...sets, ...(await ofKind<Deployment>('Deployment', values))];
  const spec = owner?.spec?.template.spec;
  if (!spec) throw new Error('nothing runs');
  return spec;
}

async function containerOf(values: Values): Promise<Container> {
  const [container] = (await podOf(values)).containers;
  if (!container) throw new Error('the pod has no container');
  return container;
}

describe.skipIf(isMissing('render-chart'))('rendered', () => {
  test('it is what Kubernetes understands, field by field', { timeout: 240_000 }, async () => {
    const lines = ["import type * as types from './types.ts';"];
    for (const [variant, values] of Object.entries(variants)) {
      const all = await manifests(values);
      expect(all.length).toBeGreaterThan(3);
      for (const manifest of all.filter(({ kind }) => kind !== 'ServiceMonitor')) {
        lines.push(`// ${variant}`, `export const _${lines.length}: types.${manifest.kind} =`);
        lines.push(`${JSON.stringify(manifest, null, 1)};`);
      }
    }
    expect(await typeErrors(lines)).toBe('');
    // The types would notice.
    const wrong = { apiVersion: 'v1', kind: 'Service', spec: { portz: [] } };
    lines.push(`export const wrong: types.Service = ${JSON.stringify(wrong)};`);
    expect(await typeErrors(lines)).toContain('portz');
  });

  test('the Prometheus operator finds every pod', async () => {
    const [monitor] = await ofKind<{
      spec: { selector: { matchLabels: Record<string, string> }; endpoints: object[] };
    }>('ServiceMonitor', everything);
    const services = await ofKind<{
      metadata: { labels: Record<string, string> };
      spec: { clusterIP?: string; ports: { name: string }[] };
    }>('Service', everything);
    const wanted = Object.entries(monitor?.spec.selector.matchLabels ?? {});
    const found = services.filter(({ metadata }) =>
      wanted.every(([label, value]) => metadata.labels[label] === value),
    );
    expect(found.map(({ spec }) => [spec.clusterIP, spec.ports[0]?.name])).toEqual([
      ['None', 'operators'],
    ]);
    expect(monitor?.spec.endpoints).toEqual([
      { port: 'operators', path: '/metrics', interval: '15s' },
    ]);
  });

  test('it sets what the relay has as settings', async () => {
    const known = await environmentNames();
    for (const values of Object.values(variants)) {
      const { env = [] } = await containerOf(values);
      for (const { name } of env) expect(known).toContain(name);
      // Each once.
      expect(new Set(env.map(({ name }) => name)).size).toBe(env.length);
    }
    const { env = [] } = await containerOf(everything);
    const valueOf = (name: string): unknown => env.find((one) => one.name === name)?.value;
    expect(valueOf('SEQLINE_SESSIONS_MAX')).toBe('1000000');
    expect(valueOf('SEQLINE_ALLOWED_ORIGINS')).toBe('https://a.example,https://b.example');
    expect(valueOf('SEQLINE_DRAIN_MS')).toBe('20000');
  });

  test('its configuration is one that the relay reads, whatever is in the secrets', async () => {
    const secrets = await ofKind<Secret>('Secret', variants['one relay'] ?? {});
    const toml = secrets[0]?.stringData?.['seqline.toml'] ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'seqline-chart-'));
    try {
      const config = join(folder, 'seqline.toml');
      await writeFile(config, toml);
      const args = ['token', '--config', config, '--app', 'chat', '--user', 'alice'];
      await run(await findBinary(), args);
      expect(toml).toContain('allow_list = ["alice","bob"]');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('what it asks the relay, the relay answers, where it is asked', async () => {
    const { ports = [], env = [], ...container } = await containerOf(everything);
    const listens = env.find(({ name }) => name === 'SEQLINE_METRICS_LISTEN')?.value;
    expect(ports).toContainEqual({ name: 'operators', containerPort: 9340 });
    expect(listens).toBe('0.0.0.0:9340');
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const probes = [startupProbe, livenessProbe, readinessProbe].map((one) => one?.httpGet);
    expect(probes).toEqual([
      { path: '/healthz', port: 'operators' },
      { path: '/healthz', port: 'operators' },
      { path: '/readyz', port: 'operators' },
    ]);
    const relay = await Relay.start({ args: ['--metrics-listen', '127.0.0.1:0'] });
    try {
      const said = /metrics on (http:\/\/127\.0\.0\.1:\d+)/;
      await expect.poll(() => relay.log).toMatch(said);
      const operators = said.exec(relay.log)?.[1] ?? '';
      for (const path of [...probes.map((one) => one?.path ?? ''), '/metrics']) {
        expect([path, (await fetch(new URL(path, operators))).status]).toEqual([path, 200]);
      }
      const outside = await fetch(new URL('/metrics', relay.url));
      expect(await outside.text()).not.toContain('seqline_connections');
    } finally {
      await relay.dispose();
    }
  });

  test('a pod has time to leave the Service, to drain, and a margin', async () => {
    const values = { ...everything, drain: { delay_s: 7, time_ms: 30_000 } };
    const [pod, container] = [await podOf(values), await containerOf(values)];
    expect(container.lifecycle?.preStop?.exec?.command).toEqual(['sleep', '7']);
    expect(pod.terminationGracePeriodSeconds).toBe(7 + 30 + 15);
  });

  test('it runs as no one, reads all and writes its data alone', async () => {
    for (const values of Object.values(variants)) {
      const [pod, container] = [await podOf(values), await containerOf(values)];
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10340,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(pod.automountServiceAccountToken).toBe(false);
      const writable = container.volumeMounts?.filter(({ readOnly }) => readOnly !== true);
      expect(writable?.map(({ mountPath }) => mountPath)).toEqual(['/var/lib/seqline', '/tmp']);
    }
  });

  test('every mount has a volume', async () => {
    for (const values of Object.values(variants)) {
      const pod = await podOf(values);
      const [claims] = await ofKind<StatefulSet>('StatefulSet', values);
      const volumes = [
        ...(pod.volumes ?? []).map(({ name }) => name),
        ...(claims?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name),
      ];
      const mounts = pod.containers[0]?.volumeMounts?.map(({ name }) => name);
      expect(mounts?.toSorted()).toEqual(volumes.toSorted());
    }
  });

  test('without an app or a database it says what is missing', async () => {
    await expect(render({})).rejects.toThrow('give the apps as `apps`');
    await expect(render({ apps, storage: 'postgres' })).rejects.toThrow('give the database as');
  });

  test('nobody but the proxy sees what is for operators', async () => {
    const ingresses = await ofKind<{
      metadata: { annotations: Record<string, string> };
      spec: { rules: { http: { paths: { path: string; pathType: string }[] } }[] };
    }>('Ingress', everything);
    const paths = ingresses.flatMap(({ spec }) => spec.rules[0]?.http.paths ?? []);
    const isServed = (path: string): boolean =>
      paths.some((one) =>
        one.pathType === 'Exact' ? path === one.path : path.startsWith(one.path),
      );
    expect(['/', '/v1/socket', '/console', '/docs/api', '/assets/x.js'].map(isServed)).toEqual(
      Array<boolean>(5).fill(true),
    );
    expect(['/metrics', '/healthz', '/readyz', '/dev/token'].some(isServed)).toBe(false);
    // What polls goes by its header, and has the others' annotations too.
    expect(ingresses[1]?.metadata.annotations).toEqual({
      a: 'b',
      'nginx.ingress.kubernetes.io/upstream-hash-by': '$http_seqline_route',
    });
  });
});

describe('values', () => {
  let isValid: ValidateFunction;
  let defaults: Record<string, unknown>;
  beforeAll(async () => {
    const schema = await readFile(join(chart, 'values.schema.json'), 'utf8');
    isValid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(schema) as object);
    const text = await readFile(join(chart, 'values.yaml'), 'utf8');
    defaults = parse(text) as Record<string, unknown>;
  });

  test('the defaults fit their schema, and so does all that is tried here', () => {
    for (const values of [{}, ...Object.values(variants)]) {
      expect([isValid({ ...defaults, ...values }), isValid.errors]).toEqual([true, null]);
    }
  });

  test('typing errors do not', () => {
    const wrong: Values[] = [
      { replicaz: 3 },
      { storage: 'mysql' },
      { apps: { chat: {} } },
      { apps: { chat: { secret: 'short' } } },
      { apps: { chat: { secret, webhook: 'https://a.example' } } },
      // What the chart sets itself.
      { settings: { drain_ms: 1 } },
      { settings: { 'sessions-max': 1 } },
      { postgres: { url: 'mysql://a' } },
    ];
    for (const values of wrong) {
      expect([values, isValid({ ...defaults, ...values })]).toEqual([values, false]);
    }
  });

  test('everything in values.yaml is described, and nothing else', async () => {
    const schema = JSON.parse(await readFile(join(chart, 'values.schema.json'), 'utf8')) as {
      properties: object;
    };
    expect(Object.keys(schema.properties).toSorted()).toEqual(Object.keys(defaults).toSorted());
  });
});

/** What the compiler says to objects of Kubernetes' types: also to fields that these do not have. */
async function typeErrors(lines: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-types-'));
  try {
    await symlink(inRoot('node_modules'), join(folder, 'node_modules'));
    const types = [
      "export type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1';",
      "export type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2';",
      "export type { Secret, Service, ServiceAccount } from 'kubernetes-types/core/v1';",
      "export type { Ingress, NetworkPolicy } from 'kubernetes-types/networking/v1';",
      "export type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';",
    ];
    await writeFile(join(folder, 'types.ts'), types.join('\n'));
    await writeFile(join(folder, 'manifests.ts'), lines.join('\n'));
    const compilerOptions = {
      ...{ noEmit: true, strict: true, skipLibCheck: true, allowImportingTsExtensions: true },
      ...{ module: 'nodenext', types: [] },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const tsc = inRoot('node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', folder]);
    return '';
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  } finally {
    await rm(folder, { recursive: true });
  }
}
