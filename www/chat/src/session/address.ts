// The open conversation stands in the page's address, so that reload and the browser's
// "back" do what one expects.
import { peerOf } from 'seqline';
import { onScopeDispose, ref, type Ref } from 'vue';

export interface Address {
  /** The open conversation. */
  readonly conversation: Ref<string | undefined>;
  open(conv: string): void;
  /** Back to the list. */
  leave(): void;
}

export function useAddress(me: string): Address {
  const conversation = ref(fromHash(me));
  const update = () => {
    conversation.value = fromHash(me);
  };
  window.addEventListener('popstate', update);
  onScopeDispose(() => {
    window.removeEventListener('popstate', update);
  });

  return {
    conversation,
    open(conv) {
      if (conv === conversation.value) return;
      history.pushState({ cameFromPage: true }, '', `#${encodeURI(conv)}`);
      update();
    },
    leave() {
      // Where "back" would leave the page, the list takes the conversation's place.
      const { cameFromPage } = (history.state ?? {}) as { cameFromPage?: boolean };
      if (cameFromPage) {
        history.back();
        return;
      }
      history.replaceState(null, '', location.pathname + location.search);
      update();
    },
  };
}

/** The user that the address asks to log in, in development mode: `?user=alice`. */
export const userInAddress = (): string | undefined =>
  new URLSearchParams(location.search).get('user') ?? undefined;

/** So that a reload does not log in the user that has logged out. */
export function forgetUserInAddress(): void {
  history.replaceState(null, '', location.pathname);
}

function fromHash(me: string): string | undefined {
  let conv: string;
  try {
    conv = decodeURI(location.hash.slice(1));
  } catch {
    return undefined;
  }
  const isGroup = /^(?:group|channel|room):[\w.@+=~-]{1,64}$/.test(conv);
  return isGroup || peerOf(conv, me) !== undefined ? conv : undefined;
}
