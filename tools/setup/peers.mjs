// The second half of `npm run size:peers`: what a visitor downloads of this package, beside what
// one downloads of others that are asked for the same things.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { weighBundle } from './bundle.mjs';
import { sessionModules } from './package-size.mjs';
import { inRoot } from './paths.mjs';
import { sizeOf, sum } from './size.mjs';

const docPath = 'docs/size.md';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {string} app the least that an app does with it
 * @property {Record<string, string[]>} [files] by what they are, those that it loads by itself
 *
 * @type {Peer[]}
 */
const peers = [
  {
    name: 'socket.io-client',
    version: '4.8.4',
    app: "import { io } from 'socket.io-client'; io('https://chat.example').on('message', alert);",
  },
  {
    name: 'centrifuge',
    version: '5.8.0',
    app: "import { Centrifuge } from 'centrifuge'; new Centrifuge('wss://chat.example').connect();",
  },
  {
    name: 'mqtt',
    version: '5.16.0',
    app: "import mqtt from 'mqtt'; mqtt.connect('wss://chat.example').on('message', alert);",
  },
  {
    name: 'wukongimjssdk',
    version: '1.0.4',
    app: "import WKSDK from 'wukongimjssdk'; WKSDK.shared().connectManager.connect();",
  },
  {
    name: '@openim/wasm-client-sdk',
    version: '3.8.5',
    app: "import { getSDK } from '@openim/wasm-client-sdk'; getSDK().login({});",
    files: {
      wasm: ['assets/openIM.wasm', 'assets/sql-wasm.wasm'],
      script: ['assets/wasm_exec.js', 'lib/worker.js'],
    },
  },
];

/**
 * Prints the table, and writes it to `docs/size.md`.
 * @returns {Promise<number>} exit code
 */
export async function comparePeers() {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-peers-'));
  try {
    await install(folder);
    const rows = [...(await measureOurs()), ...(await measurePeers(folder))];
    for (const line of asText(rows)) console.log(line);
    await writeFile(inRoot(docPath), await asDocument(rows));
    console.log(`\nwritten to ${docPath}`);
    return 0;
  } catch (error) {
    console.error(`The sizes could not be compared: ${error.stderr ?? error.stack}`);
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function install(folder) {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const wanted = peers.map(({ name, version }) => `${name}@${version}`);
  console.log(`fetching ${wanted.join(', ')}`);
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  await promisify(execFile)('npm', ['install', ...quietly, ...wanted], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
}

async function measureOurs() {
  const inPackage = (path) => readFile(inRoot('pkg/dist', path));
  const wasm = sizeOf(await inPackage('wasm/seqline_bg.wasm'));
  const portableWasm = sizeOf(await inPackage('wasm/seqline_mvp.wasm'));
  const { needed: script } = await weighBundle({
    contents:
      "import { createClient, init } from './index.js'; await init(); createClient('/', {});",
    resolveDir: inRoot('pkg/dist'),
    used: sessionModules,
  });
  const asm = sizeOf(await inPackage('asm/index.mjs'));
  const mp = sizeOf(await inPackage('mp/index.js'));
  const { version } = JSON.parse(await readFile(inRoot('pkg/package.json'), 'utf8'));
  const row = (name, sizes) => ({ name, version, ...sizes });
  return [
    row('seqline', { script, wasm }),
    row('seqline/asm', { script: asm }),
    // Where there is WebAssembly; what stands in for it is in the script, too.
    row('seqline/mp', { script: mp, wasm: portableWasm }),
  ];
}

async function measurePeers(folder) {
  const rows = [];
  for (const { name, version, app, files = {} } of peers) {
    const read = (path) => readFile(join(folder, 'node_modules', name, path));
    const scripts = await Promise.all(
      (files.script ?? []).map(async (path) => minify(await read(path))),
    );
    const wasms = await Promise.all(
      (files.wasm ?? []).map(async (path) => sizeOf(await read(path))),
    );
    const { needed } = await weighBundle({ contents: app, resolveDir: folder });
    const script = sum([needed, ...scripts]);
    rows.push({ name, version, script, ...(wasms.length > 0 && { wasm: sum(wasms) }) });
  }
  return rows;
}

async function minify(script) {
  const { transform } = await import('esbuild');
  return sizeOf((await transform(script.toString(), { minify: true })).code);
}

const total = ({ script, wasm }) => sum(wasm ? [script, wasm] : [script]);
const kilobytes = (bytes) =>
  (bytes / 1024).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function cells(row) {
  const { raw_bytes, gzip_bytes, brotli_bytes } = total(row);
  return [
    `${row.name} ${row.version}`,
    kilobytes(row.script.gzip_bytes),
    row.wasm ? kilobytes(row.wasm.gzip_bytes) : '–',
    kilobytes(gzip_bytes),
    kilobytes(brotli_bytes),
    kilobytes(raw_bytes),
  ];
}

const titles = ['KB', 'script, gzip', 'wasm, gzip', 'all, gzip', 'all, brotli', 'all, minified'];

function asText(rows) {
  const lines = [titles, ...rows.map(cells)];
  const widths = titles.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at] + 2)))
      .join(''),
  );
}

async function asDocument(rows) {
  const [, ...columns] = titles;
  const table = [['', ...columns], ['---', ...columns.map(() => '---:')], ...rows.map(cells)].map(
    (line) => `| ${line.join(' | ')} |`,
  );
  const text = `# Size

What a visitor downloads before a page can send and receive, in kilobytes of 1,024 bytes. Written by
\`npm run size:peers\` on ${new Date().toISOString().slice(0, 10)}; do not edit.

${table.join('\n')}

- Bundled by esbuild for browsers, minified, of an app that makes a client and nothing else; compressed file by file
  (gzip -9, brotli 11). What is loaded later, when it is needed, is not counted.
- \`seqline\` is the entry point \`.\`: all features of the core, with outbox, cursor, retransmission, groups and the
  public mailbox. \`seqline/asm\` needs no WebAssembly. \`seqline/mp\` is for mini-programs, and its script has both in
  it: the JavaScript that stands in where there is no WebAssembly, too. Its wasm is in the program's package.
- \`socket.io-client\`, \`centrifuge\` and \`mqtt\` are transports: conversations, history, outbox and cursors are left to
  the app. \`wukongimjssdk\` leaves storing and loading messages to the app. \`@openim/wasm-client-sdk\` keeps them in
  SQLite, compiled to WebAssembly; its worker and Go's runtime are counted as script.
`;
  const { format, resolveConfig } = await import('prettier');
  const options = await resolveConfig(inRoot(docPath));
  return format(text, { ...options, filepath: docPath });
}
