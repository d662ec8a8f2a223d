// The npm package and the web page made with it.

/** @type {import('../runner.mjs').Step[]} */
export const packageSteps = [
  {
    name: 'package',
    purpose: 'build the npm package `seqline`',
    needs: ['npm', 'wasm-opt'],
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
    inputs: ['www/chat', 'pkg/dist', 'package-lock.json', 'tsconfig.base.json'],
    outputs: ['www/chat/dist'],
    run: async ({ exec }) => {
      await exec('npm', ['run', 'build', '-w', '@seqline/chat']);
    },
  },
];
