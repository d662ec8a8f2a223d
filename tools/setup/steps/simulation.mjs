// Clients and the relay in one process, for scenarios in virtual time.
import { cargoFlags } from '../cargo.mjs';
import { simulateBinary, targetDirs } from '../paths.mjs';

/** @type {import('../runner.mjs').Step[]} */
export const simulationSteps = [
  {
    name: 'simulation',
    purpose: 'compile the simulation',
    needs: ['tools', 'web', 'console', 'reference'],
    inputs: [
      ...['Cargo.toml', 'Cargo.lock', 'relay', 'sdk/protocol', 'sdk/core'],
      ...['tests/simulation/Cargo.toml', 'tests/simulation/src'],
      ...['www/chat/dist', 'www/console/dist', 'www/reference/dist'],
    ],
    outputs: [simulateBinary],
    key: ({ rustc }) => rustc,
    run: async ({ exec }) => {
      const build = ['build', '-p', 'seqline-simulation', '--profile', 'simulation'];
      await exec('cargo', [...build, '--target-dir', targetDirs.native, ...cargoFlags]);
    },
  },
];
