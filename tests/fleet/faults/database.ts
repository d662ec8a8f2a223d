/** What happens to the database, or on the way to it. */
import type { FleetNode } from '../node.ts';
import type { Fault, Scene } from '../scene.ts';

export const databaseFaults: readonly Fault[] = [
  {
    name: 'PostgreSQL cut off for one relay',
    run: async (scene) => {
      const node = scene.random.pick(scene.nodes);
      await withoutDatabase(scene, [node], refuse, () => othersGoOn(scene, node));
    },
  },
  {
    name: 'PostgreSQL silent for one relay',
    run: async (scene) => {
      const node = scene.random.pick(scene.nodes);
      await withoutDatabase(scene, [node], swallow, () => othersGoOn(scene, node));
    },
  },
  {
    name: 'PostgreSQL cut off for all',
    run: async (scene) => {
      await withoutDatabase(scene, scene.nodes, refuse, () => scene.unacknowledged(30));
    },
  },
  {
    name: 'PostgreSQL silent for all',
    run: async (scene) => {
      await withoutDatabase(scene, scene.nodes, swallow, () => scene.unacknowledged(30));
    },
  },
  {
    name: 'PostgreSQL killed and started again',
    async run(scene) {
      await scene.postgres.kill();
      await scene.unacknowledged(10);
      await scene.postgres.startAgain();
    },
  },
  {
    name: 'PostgreSQL shut down and started again',
    async run(scene) {
      await scene.postgres.stop();
      await scene.unacknowledged(10);
      await scene.postgres.startAgain();
    },
  },
];

async function withoutDatabase(
  { random }: Scene,
  nodes: readonly FleetNode[],
  take: (node: FleetNode) => void,
  meanwhile: () => Promise<void>,
): Promise<void> {
  for (const node of nodes) take(node);
  await meanwhile();
  // What was held back arrives late, or never.
  const isLost = random.chance(0.5);
  for (const { database } of nodes) {
    if (isLost) database.cut();
    database.heal();
  }
}

/** Those whose relay has no database wait, or go to another one; all others notice nothing. */
async function othersGoOn(scene: Scene, node: FleetNode): Promise<void> {
  await scene.acknowledged(20);
  await scene.until(
    () => scene.devicesOn(node).every(({ unsent }) => unsent > 0),
    `for devices of ${node.name} to have something unsent`,
  );
  await scene.acknowledged(10);
}

function refuse({ database }: FleetNode): void {
  database.refuse();
  database.cut();
}

function swallow({ database }: FleetNode): void {
  database.blackHole();
}
