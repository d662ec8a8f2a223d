// Where a broadcast is in its life, in words, and what can be done then.
import type { BroadcastState } from '../api/types.ts';

export const stateNames: Record<BroadcastState, string> = {
  draft: 'Draft',
  staged: 'Staged',
  published: 'Published',
  stopped: 'Stopped',
  expired: 'Expired',
  recalled: 'Recalled',
};

export const stateMeanings: Record<BroadcastState, string> = {
  draft: 'Only operators see it.',
  staged: 'It is being tried out.',
  published: 'Everyone it is for sees it.',
  stopped: 'Nobody else gets it. Those who have it keep it until it expires.',
  expired: 'Its time is over. Nobody sees it any more.',
  recalled: 'It was taken back from everyone.',
};

export type Action = 'edit' | 'stage' | 'publish' | 'wave' | 'stop' | 'recall' | 'delete';

const allowed: Record<Action, readonly BroadcastState[]> = {
  edit: ['draft', 'staged', 'published', 'stopped', 'expired'],
  stage: ['draft', 'staged'],
  publish: ['draft', 'staged', 'stopped'],
  wave: ['staged', 'published'],
  stop: ['staged', 'published'],
  recall: ['staged', 'published', 'stopped', 'expired'],
  delete: ['draft', 'staged', 'published', 'stopped', 'expired', 'recalled'],
};

/** Whether the relay takes an action in a state: what is not offered is not refused. */
export const isAllowed = (action: Action, state: BroadcastState): boolean =>
  allowed[action].includes(state);
