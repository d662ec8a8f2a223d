// Builds dist/ from src/ and the compiled client in sdk/dist.
import { execFileSync } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { bundleAll } from './bundles.mjs';
import { addCompiled, compiledFile } from './compiled.mjs';
import { inDist, pkg } from './paths.mjs';

await access(compiledFile('seqline_asm.js')).catch(() => {
  console.error(
    `The compiled client is not there: run \`npm run build\` at the top of the repository.`,
  );
  process.exit(1);
});

await rm(inDist(), { recursive: true, force: true });
await addCompiled();
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', `${pkg}/tsconfig.json`], { stdio: 'inherit' });
await bundleAll();
