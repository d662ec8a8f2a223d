/** What happens to the bus, where that is NATS: nothing depends on it but how soon things come. */
import type { FaultProxy } from '../../support/fault-proxy.ts';
import type { NatsCluster } from '../../support/nats.ts';
import { at } from '../../support/list.ts';
import type { FleetNode } from '../node.ts';
import type { Fault, Scene } from '../scene.ts';

export const natsFaults: readonly Fault[] = [
  {
    name: 'NATS server killed',
    async run(scene) {
      const cluster = clusterOf(scene);
      const node = scene.random.pick(scene.nodes);
      await connected(scene, [node]);
      // One that is in use: whoever is there goes to the others.
      const index = node.nats.findIndex(({ open }) => open > 0);
      const server = at(cluster.servers, index);
      await server.kill();
      await connected(scene, scene.nodes);
      await scene.acknowledged(10);
      await scene.complete();
      await cluster.startServer(server);
    },
  },
  {
    name: 'all NATS servers killed',
    async run(scene) {
      const cluster = clusterOf(scene);
      await Promise.all(cluster.servers.map((server) => server.kill()));
      await scene.acknowledged(20);
      await scene.complete();
      for (const server of cluster.servers) await cluster.startServer(server);
      await connected(scene, scene.nodes);
    },
  },
  {
    name: 'NATS cut off for one relay',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      for (const network of node.nats) refuse(network);
      await scene.acknowledged(20);
      await scene.complete();
      for (const network of node.nats) network.heal();
      await connected(scene, [node]);
    },
  },
  {
    name: 'NATS silent for one relay',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      for (const network of node.nats) network.blackHole();
      await scene.acknowledged(20);
      await scene.complete();
      for (const network of node.nats) network.heal();
    },
  },
];

/** Each of them is connected to some server. */
async function connected(scene: Scene, nodes: readonly FleetNode[]): Promise<void> {
  await scene.until(
    () => nodes.every(({ nats }) => nats.some(({ open }) => open > 0)),
    'for relays to be connected to NATS',
  );
}

function refuse(network: FaultProxy): void {
  network.refuse();
  network.cut();
}

function clusterOf({ cluster }: Scene): NatsCluster {
  if (!cluster) throw new Error('NATS is not the bus here');
  return cluster;
}
