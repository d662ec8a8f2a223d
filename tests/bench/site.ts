/** The page that is measured: the package as an app's bundler delivers it, socket.io's client beside it. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { inRoot } from '../../tools/setup/paths.mjs';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

const PAGE = `<!doctype html>
<title>benchmark</title>
<p id="shown"></p>
<script src="/socket.io.js"></script>
<script type="module">
  import * as seqline from '/index.js';
  import * as bench from '/bench.js';
  window.seqline = seqline;
  window.bench = bench;
</script>`;

export interface Site {
  url: string;
  stop(): void;
}

export async function serveSite(socketIoScript: string): Promise<Site> {
  const scripts: Readonly<Record<string, string>> = {
    '/socket.io.js': socketIoScript,
    ...(await bundle({
      index: inRoot('pkg/dist/index.js'),
      bench: fileURLToPath(new URL('page.ts', import.meta.url)),
    })),
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const type = TYPES[extname(path)] ?? 'text/html';
    response.setHeader('content-type', type);
    // A page that is isolated has a clock of microseconds; others have tenths of milliseconds.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    if (path === '/') response.end(PAGE);
    else if (path in scripts) response.end(scripts[path]);
    else {
      readFile(inRoot('pkg/dist', `.${path}`)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The scripts by their paths. What is loaded later stays in chunks of its own. */
async function bundle(entryPoints: Record<string, string>): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    entryPoints,
    outdir: '/',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path, text]));
}
