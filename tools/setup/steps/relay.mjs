// The server, with the web pages inside its binary; and what puts load on it.
import { cargoFlags } from '../cargo.mjs';
import { loadBinary, relayBinary, targetDirs } from '../paths.mjs';

/** @returns {import('../runner.mjs').Step} */
const relayStep = (name, profile, purpose, profileFlags) => ({
  name,
  purpose,
  needs: ['tools', 'web', 'console', 'reference'],
  inputs: [
    ...['Cargo.toml', 'Cargo.lock', 'relay', 'sdk/protocol'],
    ...['www/chat/dist', 'www/console/dist', 'www/reference/dist'],
  ],
  outputs: [relayBinary(profile)],
  key: ({ rustc }) => rustc,
  run: async ({ exec }) => {
    const build = ['build', '-p', 'seqline-relay', '--target-dir', targetDirs.native];
    await exec('cargo', [...build, ...profileFlags, ...cargoFlags]);
  },
});

/** @type {import('../runner.mjs').Step[]} */
export const relaySteps = [
  relayStep('relay', 'release', 'compile the server', ['--release']),
  relayStep('relay-debug', 'debug', 'compile the server for the tests', []),
  {
    name: 'load',
    purpose: 'compile the load generator',
    needs: ['tools'],
    inputs: ['Cargo.toml', 'Cargo.lock', 'tests/load', 'sdk/core', 'sdk/protocol'],
    outputs: [loadBinary],
    key: ({ rustc }) => rustc,
    run: async ({ exec }) => {
      const build = ['build', '-p', 'seqline-load', '--features', 'peers'];
      const how = ['--profile', 'simulation', '--target-dir', targetDirs.native, ...cargoFlags];
      await exec('cargo', [...build, ...how]);
    },
  },
];
