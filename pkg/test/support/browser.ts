import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const PAGE = `<!doctype html>
<title>seqline</title>
<script type="module">
  import * as seqline from '/index.js';
  window.seqline = seqline;
</script>`;

/** Chromium, with its sandbox off: as root, as CI runs it, that cannot be had. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-component-update'],
  });
}

/**
 * The package's files as any server would deliver them, and at `/` a page with `seqline` on it.
 * @param files further ones, or others, by path
 */
export async function serveDist(
  files: Record<string, string> = {},
): Promise<{ url: string; stop: () => void }> {
  const dist = new URL('../../dist/', import.meta.url);
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const file = files[path];
    if (file !== undefined) {
      response.setHeader('content-type', TYPES[extname(path)] ?? 'text/html').end(file);
      return;
    }
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE);
      return;
    }
    readFile(new URL(`.${path}`, dist)).then(
      (content) => {
        const type = TYPES[extname(path)] ?? 'application/octet-stream';
        response.setHeader('content-type', type).end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
