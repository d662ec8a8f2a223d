import type { ConnectionState, Events } from 'seqline';
import { shallowReactive } from 'vue';

const LINES_MAX = 80;

export interface ActivityLine {
  id: number;
  at: number;
  text: string;
}

/** The last things that happened, for the inspector. */
export class ActivityLog {
  /** Newest first. */
  readonly lines = shallowReactive<ActivityLine[]>([]);
  private count = 0;

  add(text: string): void {
    this.count += 1;
    this.lines.unshift({ id: this.count, at: Date.now(), text });
    if (this.lines.length > LINES_MAX) this.lines.length = LINES_MAX;
  }

  addState(state: ConnectionState): void {
    switch (state.state) {
      case 'connected':
        this.add(`connected, session ${state.session}`);
        break;
      case 'connecting': {
        const when = state.retryInMs > 0 ? `, next in ${state.retryInMs} ms` : '';
        this.add(`connecting, attempt ${state.attempt}${when}${state.offline ? ', offline' : ''}`);
        break;
      }
      case 'disconnected':
        this.add(`disconnected: ${state.reason}`);
    }
  }

  addStatus({ clientMsgId, status, sent, failure }: Events['status']): void {
    const place = status === 'sent' && sent ? ` at ${sent.convSeq}` : '';
    const why = failure ? ` (${failure.code})` : '';
    this.add(`${clientMsgId.slice(0, 8)} ${status}${place}${why}`);
  }
}
