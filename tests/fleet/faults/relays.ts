/** What happens to relays themselves. */
import { clockAhead } from '../../support/clock.ts';
import type { FleetNode } from '../node.ts';
import type { Fault, Scene } from '../scene.ts';

const hours_apart = 5;

export const relayFaults: readonly Fault[] = [
  {
    name: 'relay killed',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      const devices = scene.devicesOn(node);
      await node.kill();
      await elsewhere(scene, node, devices);
      await scene.acknowledged(10);
      await node.startAgain();
    },
  },
  {
    name: 'relay drained and started again',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      const devices = scene.devicesOn(node);
      await node.drain();
      await elsewhere(scene, node, devices);
      await node.startAgain();
    },
  },
  {
    name: 'relay stopped for a while',
    async run(scene) {
      const node = scene.random.pick(scene.nodes);
      const devices = scene.devicesOn(node);
      node.relay.suspend();
      node.isServing = false;
      // They find out by its silence, which is longer than whatever else waits for signs of life.
      await elsewhere(scene, node, devices);
      await scene.acknowledged(20);
      await scene.complete();
      node.relay.resume();
      node.isServing = true;
      await scene.acknowledged(20);
    },
  },
  {
    name: 'clocks hours apart',
    async run(scene) {
      const [ahead, behind] = twoOf(scene);
      await Promise.all([ahead.drain(), behind.drain()]);
      await Promise.all([
        ahead.startAgain(await clockAhead(hours_apart)),
        behind.startAgain(await clockAhead(-hours_apart)),
      ]);
      // Two of three devices, about, go there.
      await Promise.all(scene.crowd.devices.map((device) => device.reconnect()));
      await scene.acknowledged(40);
      await scene.complete();
      for (const node of [ahead, behind]) {
        await node.drain();
        await node.startAgain();
      }
    },
  },
];

/** Whoever was there is connected to another one. */
async function elsewhere(
  scene: Scene,
  node: FleetNode,
  devices: ReturnType<Scene['devicesOn']>,
): Promise<void> {
  await scene.until(
    () => devices.every((device) => device.isConnected && scene.before(device).node !== node),
    `for devices to leave ${node.name}`,
  );
}

function twoOf({ nodes, random }: Scene): [FleetNode, FleetNode] {
  const first = random.pick(nodes);
  return [first, random.pick(nodes.filter((node) => node !== first))];
}
