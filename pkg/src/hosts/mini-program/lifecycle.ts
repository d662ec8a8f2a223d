/** What a mini-program goes through: shown and hidden, network lost and back. */
import { networkKind } from '../network-kind.js';
import type { LifecycleEvents } from '../types.js';
import type { MiniProgramApi, NetworkStatus } from './api.js';

/** In capitals in Alipay. */
const NO_NETWORK = /^(none|notreachable)$/i;

/** @returns a function that stops it */
export function watchApp(api: MiniProgramApi, events: LifecycleEvents): () => void {
  let isStopped = false;
  const tellNetwork = ({ isConnected, networkType = '' }: NetworkStatus) => {
    if (isStopped) return;
    const isOnline = isConnected ?? !NO_NETWORK.test(networkType);
    if (isOnline) events.network(networkKind(networkType));
    events.online(isOnline);
  };
  const changed = (status: NetworkStatus) => {
    tellNetwork(status);
    // Wi-Fi to mobile: the connection may be of the network that is gone.
    if (!isStopped) events.probe();
  };
  const shown = () => {
    if (isStopped) return;
    events.background(false);
    // Sockets do not survive some seconds in the background, and not always tell.
    events.probe();
  };
  const hidden = () => {
    if (!isStopped) events.background(true);
  };

  api.getNetworkType?.({ success: tellNetwork });
  api.onNetworkStatusChange?.(changed);
  api.onAppShow?.(shown);
  api.onAppHide?.(hidden);
  return () => {
    isStopped = true;
    api.offNetworkStatusChange?.(changed);
    api.offAppShow?.(shown);
    api.offAppHide?.(hidden);
  };
}
