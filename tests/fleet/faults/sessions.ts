/** What happens to sessions: a device's own network, and what the app decides at another relay. */
import { aside } from '../../support/crowd/crowd.ts';
import type { Device } from '../../support/crowd/device.ts';
import { at } from '../../support/list.ts';
import type { FleetNode } from '../node.ts';
import type { Fault, Scene } from '../scene.ts';

const muted_us = 3_600_000_000;

export const sessionFaults: readonly Fault[] = [
  {
    name: 'device at another relay while its old connection hangs',
    async run(scene) {
      const { crowd, random } = scene;
      const device = random.pick(crowd.devices.filter((one) => !scene.before(one).isSticky));
      const balancer = scene.before(device);
      await scene.until(() => device.isConnected, `for ${device.name} to be connected`);
      balancer.strand('up');
      // These hang in the old connection, and are sent again by the new one.
      const hanging = Array.from({ length: 3 }, () => crowd.write(device));
      await device.reconnect();
      await Promise.all(hanging);
      await crowd.write(device);
      // The old ones arrive at the old relay after what came later.
      balancer.heal();
      await scene.until(() => balancer.network.stranded === 0, 'for the old connection to end');
    },
  },
  {
    name: 'user kicked at another relay',
    async run(scene) {
      const { crowd, random } = scene;
      const devices = crowd.devicesOf(random.pick(crowd.devices).user);
      await scene.until(
        () => devices.every(({ isConnected }) => isConnected),
        'for the devices of a user to be connected',
      );
      await scene.call(otherThan(scene, at(devices, 0)), 'users.kick', {
        user: at(devices, 0).user,
      });
      await scene.until(() => devices.every(isKicked), 'for the devices of a user to be kicked');
      // What they write meanwhile waits.
      for (const device of devices) void crowd.write(device);
      for (const { client } of devices) void client.connect();
    },
  },
  {
    name: 'member muted at another relay',
    async run(scene) {
      const { crowd, random } = scene;
      const user = at(aside.members, 1);
      const device = random.pick(crowd.devicesOf(user));
      const until_us = Date.now() * 1_000 + muted_us;
      const mute = { conv: aside.conv, user };
      await scene.call(otherThan(scene, device), 'groups.mute', { ...mute, until_us });
      const refused = await device.client.send({ to: { conv: aside.conv }, body: 'muted' }).then(
        () => 'nothing',
        (error: unknown) => (error as { code?: string }).code,
      );
      if (refused !== 'muted') throw new Error(`a muted member was told ${refused ?? 'nothing'}`);
      await scene.call(otherThan(scene, device), 'groups.mute', { ...mute, until_us: 0 });
      await crowd.write(device, aside.conv);
    },
  },
];

const isKicked = ({ client }: Device): boolean =>
  client.state.state === 'disconnected' && client.state.reason === 'kicked';

function otherThan(scene: Scene, device: Device): FleetNode {
  const { node } = scene.before(device);
  return scene.random.pick(scene.nodes.filter((one) => one !== node));
}
