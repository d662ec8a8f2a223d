// Builds dist/ from src/ and the compiled client in sdk/dist.
import { execFileSync } from 'node:child_process';
import { access, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { transform } from 'esbuild';

const pkg = fileURLToPath(new URL('..', import.meta.url));
const compiled = fileURLToPath(new URL('../../sdk/dist', import.meta.url));
const copied = ['seqline.d.ts', 'seqline_bg.wasm'];

await access(`${compiled}/seqline_bg.wasm`).catch(() => {
  console.error(
    `The compiled client is not there: run \`npm run build\` at the top of the repository.`,
  );
  process.exit(1);
});

await rm(`${pkg}/dist`, { recursive: true, force: true });
await mkdir(`${pkg}/dist/wasm`, { recursive: true });
for (const file of copied) await cp(`${compiled}/${file}`, `${pkg}/dist/wasm/${file}`);

// The glue counts as part of the compiled client, and pages may load it as it is.
const glue = await readFile(`${compiled}/seqline.js`, 'utf8');
const { code } = await transform(glue, { minify: true, format: 'esm', target: 'es2020' });
await writeFile(`${pkg}/dist/wasm/seqline.js`, code);

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', `${pkg}/tsconfig.json`], { stdio: 'inherit' });
