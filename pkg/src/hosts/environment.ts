import type { Host } from '../types.js';

/**
 * What a client needs of where it runs. Without `openSocket` and `watch` it runs in a
 * browser, whose sockets and life-cycle events the compiled client uses itself.
 */
export type Environment = Omit<Host, 'openSocket' | 'watch'> &
  Partial<Pick<Host, 'openSocket' | 'watch'>>;
