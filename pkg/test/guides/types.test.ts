import { readdir } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { complaintsAbout, compileVue, examplesOf } from '../support/examples.ts';

/** What examples take for granted. */
const ENVIRONMENT = `
declare module '*.vue' {
  const component: import('vue').Component;
  export default component;
}
`;

/** What a short example takes for granted. */
const GIVEN = `
declare const client: import('seqline').Client;
declare function showText(text: string): void;
export {};
`;

// Those of mini-programs and uni-app are projects of their own.
const ELSEWHERE = /uni-app|mini-program|wechat|alipay/;

async function guides(): Promise<string[]> {
  const names = await readdir(new URL('../../../docs/hosts', import.meta.url));
  const hosts = names.filter((name) => name !== 'README.md' && !ELSEWHERE.test(name));
  return [
    ...hosts.map((name) => `docs/hosts/${name}`),
    ...['vue', 'react', 'stores', 'errors'].map((name) => `docs/${name}.md`),
    'pkg/README.zh-CN.md',
  ];
}

test('every example of the guides has the right types', async () => {
  const files: Record<string, string> = { 'guides.d.ts': ENVIRONMENT };
  for (const guide of await guides()) {
    for (const [at, { name, language, code }] of (await examplesOf(guide)).entries()) {
      const path = `${guide.replace(/\W/g, '-')}/${name || `example-${at}.ts`}`;
      if (language === 'vue') files[`${path}.ts`] = compileVue(code);
      if (language !== 'ts' && language !== 'tsx') continue;
      files[path] = code.includes('createClient') || name ? code : GIVEN + code;
    }
  }
  expect(Object.keys(files).length).toBeGreaterThan(12);
  expect(complaintsAbout(files)).toEqual([]);
}, 120_000);
