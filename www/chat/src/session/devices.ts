// The user's devices, and the end of their sessions.
import type { Client, Device } from 'seqline';
import { reactive } from 'vue';

import { failureText } from './failures.ts';

export interface DevicesState {
  isLoading: boolean;
  devices?: Device[];
  failure?: string;
}

export class Devices {
  readonly state: DevicesState = reactive({ isLoading: false });
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  async load(): Promise<void> {
    const { state } = this;
    if (state.isLoading) return;
    state.isLoading = true;
    delete state.failure;
    try {
      state.devices = (await this.client.devices.list()).devices;
    } catch (error) {
      state.failure = failureText(error);
    } finally {
      state.isLoading = false;
    }
  }

  /** Ends the session of a device; there, the user has to log in again. */
  async end(device: string): Promise<void> {
    try {
      await this.client.devices.end(device);
    } catch (error) {
      this.state.failure = failureText(error);
      return;
    }
    await this.load();
  }
}
