/** What happens to the bus, where that is NATS: nothing depends on it but how soon things come. */
import type { FaultProxy } from '../../support/fault-proxy.ts';
import type { NatsCluster } from '../../support/nats.ts';
import { at } from '../../support/list.ts';
import type { FleetNode } from '../node.ts';
import type { Fault, Scene } from '../scene.ts';

const lost = 'cut off from NATS';
const found = 'connected to NATS';

export const natsFaults: readonly Fault[] = [
  {
    name: 'NATS server killed',
    async run(scene) {
      const cluster = clusterOf(scene);
      // One that is in use: others go on, and whoever was there goes to them.
      const { nats } = scene.random.pick(scene.nodes);
      const index = nats.findIndex(({ open }) => open > 0);
      const server = at(cluster.servers, Math.max(0, index));
      const users = scene.nodes.filter((node) => at(node.nats, Math.max(0, index)).open > 0);
      const again = saidBy(users, found);
      await server.kill();
      await again;
      await scene.acknowledged(10);
      await scene.complete();
      await cluster.startServer(server);
    },
  },
  {
    name: 'all NATS servers killed',
    async run(scene) {
      const cluster = clusterOf(scene);
      const noticed = saidBy(scene.nodes, lost);
      await Promise.all(cluster.servers.map((server) => server.kill()));
      await noticed;
      await scene.acknowledged(20);
      await scene.complete();
      const again = saidBy(scene.nodes, found);
      for (const server of cluster.servers) await cluster.startServer(server);
      await again;
    },
  },
  {
    name: 'NATS cut off for one relay',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      const noticed = node.relay.says(lost);
      for (const network of node.nats) refuse(network);
      await noticed;
      await scene.acknowledged(20);
      await scene.complete();
      const again = node.relay.says(found);
      for (const network of node.nats) network.heal();
      await again;
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

async function saidBy(nodes: readonly FleetNode[], text: string): Promise<void> {
  await Promise.all(nodes.map(({ relay }) => relay.says(text)));
}

function refuse(network: FaultProxy): void {
  network.refuse();
  network.cut();
}

function clusterOf({ cluster }: Scene): NatsCluster {
  if (!cluster) throw new Error('NATS is not the bus here');
  return cluster;
}
