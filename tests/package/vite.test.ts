import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { build, createServer } from 'vite';
import { onTestFinished, test } from 'vitest';

import type { Project } from './project.ts';
import { serve, Workshop } from './workshop.ts';

const workshop = new Workshop();
const pages = [
  ['', 'vera'],
  ['inline.html', 'ines'],
  ['slim.html', 'silas'],
] as const;

test('works in a Vite project, built and served: alone, inline and slim', async () => {
  const project = await workshop.project('vite', 'common');
  await build({
    root: project.folder,
    configFile: false,
    logLevel: 'warn',
    build: {
      rolldownOptions: {
        input: ['index.html', 'inline.html', 'slim.html'].map((page) => project.path(page)),
      },
    },
  });
  const url = await serve(project.path('dist'));
  for (const [page, user] of pages) await workshop.checkPage(`${url}/${page}`, user);
});

test('works in a Vite project, as it is developed: alone, inline and slim', async () => {
  const url = await develop(await workshop.project('vite', 'common'));
  for (const [page, user] of pages) await workshop.checkPage(`${url}/${page}`, `${user}-dev`);
});

/** Starts Vite's development server for as long as the test. @returns its URL */
async function develop(project: Project): Promise<string> {
  const http = createHttpServer();
  const server = await createServer({
    root: project.folder,
    configFile: false,
    logLevel: 'warn',
    server: { middlewareMode: { server: http } },
  });
  http.on('request', server.middlewares);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    await server.close();
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}
