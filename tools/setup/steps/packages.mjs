// The npm package, the web page made with it, the operators' console, and the page of the HTTP API.

/** @type {import('../runner.mjs').Step[]} */
export const packageSteps = [
  {
    name: 'package',
    purpose: 'build the npm package `seqline`',
    needs: ['wasm-opt', 'wasm-portable'],
    inputs: ['pkg', 'sdk/dist', 'package-lock.json', 'tsconfig.base.json'],
    outputs: ['pkg/dist'],
    run: async ({ exec }) => {
      await exec('npm', ['run', 'build', '-w', 'seqline']);
    },
  },
  {
    name: 'web',
    purpose: 'build the chat page',
    needs: ['package'],
    inputs: ['www/chat', 'www/shared', 'pkg/dist', 'package-lock.json', 'tsconfig.base.json'],
    outputs: ['www/chat/dist'],
    run: async ({ exec }) => {
      await exec('npm', ['run', 'build', '-w', '@seqline/chat']);
    },
  },
  {
    name: 'console',
    purpose: "build the operators' console",
    needs: ['npm'],
    inputs: ['www/console', 'www/shared', 'package-lock.json', 'tsconfig.base.json'],
    outputs: ['www/console/dist'],
    run: async ({ exec }) => {
      await exec('npm', ['run', 'build', '-w', '@seqline/console']);
    },
  },
  {
    name: 'reference',
    purpose: 'build the page of the HTTP API',
    needs: ['npm'],
    inputs: ['www/reference', 'package-lock.json', 'tsconfig.base.json'],
    outputs: ['www/reference/dist'],
    run: async ({ exec }) => {
      await exec('npm', ['run', 'build', '-w', '@seqline/reference']);
    },
  },
];
