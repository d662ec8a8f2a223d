/** A new release, or a new configuration: each relay stops and starts, one after the other. */
import { reconnect_window_ms } from '../node.ts';
import type { Fault } from '../scene.ts';

/**
 * The one that succeeds; over HTTP, one for each of two connections that are kept to a relay which
 * has left; and some where the machine is slow.
 */
const attempts_max = 5;

export const rollingRestart: Fault = {
  name: 'rolling restart of all relays',
  async run(scene) {
    const { crowd, nodes } = scene;
    await scene.until(
      () => crowd.devices.every(({ isConnected }) => isConnected),
      'for all devices to be connected',
    );
    for (const { outages } of crowd.devices) outages.length = 0;
    for (const node of nodes) {
      const devices = scene.devicesOn(node);
      await node.drain();
      await scene.until(
        () => devices.every((device) => device.isConnected && scene.before(device).node !== node),
        `for devices to leave ${node.name}`,
      );
      await node.startAgain();
      await scene.acknowledged(10);
    }
    for (const { name, outages } of crowd.devices) {
      for (const { length_ms, wait_ms, attempts } of outages) {
        scene.noteOutage(length_ms, attempts);
        if (wait_ms > reconnect_window_ms || attempts > attempts_max) {
          throw new Error(
            `${name} waited ${wait_ms} ms for an attempt, of which it took ${attempts}; the window is ${reconnect_window_ms} ms`,
          );
        }
      }
    }
  },
};
