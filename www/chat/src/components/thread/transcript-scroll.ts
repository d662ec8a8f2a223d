// Keeps what is being read where it is: at the end if it was at the end, else at the same
// message, whatever comes or goes above and below.
import { nextTick, onBeforeUpdate, onMounted, onUnmounted, onUpdated, type Ref } from 'vue';

/** This near to the end counts as being there, in pixels. */
const END_WITHIN_PX = 40;
/** From this near to either end, the next page is loaded, in pixels. */
const MORE_WITHIN_PX = 700;
/** How far from the top the first unread message is put, in pixels. */
const DIVIDER_OFFSET_PX = 72;

export interface TranscriptScroll {
  /** Goes to the newest message, and stays with it. */
  toEnd(): void;
  /** Goes to the message that is looked for, if it is there. */
  toTarget(): void;
}

export interface TranscriptScrollOptions {
  scroller: Ref<HTMLElement | null>;
  /** Whether there is something to be placed. */
  isLoaded(): boolean;
  isFollowing(): boolean;
  setFollowing(isFollowing: boolean): void;
  /** More is needed in that direction, if there is more. */
  more(kind: 'older' | 'newer'): void;
}

export function useTranscriptScroll(options: TranscriptScrollOptions): TranscriptScroll {
  const { scroller } = options;
  let isPlaced = false;
  let anchor: { element: HTMLElement; top: number } | undefined;
  /** `scrollTop` when it was last looked at or set, in pixels. */
  let lastTop = 0;

  const resizes = new ResizeObserver(() => {
    if (isPlaced && options.isFollowing()) scrollToEnd();
  });

  onMounted(() => {
    const element = scroller.value;
    if (!element) return;
    element.addEventListener('scroll', report, { passive: true });
    resizes.observe(element);
    place();
  });
  onUnmounted(() => {
    resizes.disconnect();
  });
  onBeforeUpdate(() => {
    anchor = options.isFollowing() ? undefined : findAnchor();
  });
  onUpdated(() => {
    if (!isPlaced) {
      place();
      return;
    }
    if (options.isFollowing()) scrollToEnd();
    else keepAnchor();
    loadMore();
  });

  /**
   * Shows the message that is looked for, else the first unread one, else the end. Who wrote
   * something before the messages came is at the end already, with what was written.
   */
  function place(): void {
    const element = scroller.value;
    if (!element || !options.isLoaded()) return;
    isPlaced = true;
    scrollToEnd();
    const divider = element.querySelector<HTMLElement>('[data-divider]');
    if (showTarget()) {
      // It is in view.
    } else if (divider && !options.isFollowing()) {
      const above = topOf(divider) - DIVIDER_OFFSET_PX;
      if (above < 0) element.scrollTop += above;
    }
    // Once what was placed is drawn, and its own scroll events are over.
    void nextTick(report);
  }

  /** @returns whether it is there */
  function showTarget(): boolean {
    const element = scroller.value;
    const target = element?.querySelector<HTMLElement>('[data-target]');
    if (!element || !target) return false;
    element.scrollTop += topOf(target) - (element.clientHeight - target.offsetHeight) / 2;
    return true;
  }

  function report(): void {
    const element = scroller.value;
    if (!element || !isPlaced) return;
    const isAtEnd = belowView(element) <= END_WITHIN_PX;
    const wentUp = element.scrollTop < lastTop;
    lastTop = element.scrollTop;
    // Where nobody went up, the view became smaller, as it does when a bar above it appears.
    if (options.isFollowing() && !isAtEnd && !wentUp) scrollToEnd();
    else if (isAtEnd !== options.isFollowing()) options.setFollowing(isAtEnd);
    loadMore();
  }

  function loadMore(): void {
    const element = scroller.value;
    if (!element || !isPlaced) return;
    if (element.scrollTop < MORE_WITHIN_PX) options.more('older');
    if (belowView(element) < MORE_WITHIN_PX) options.more('newer');
  }

  function findAnchor(): typeof anchor {
    for (const element of scroller.value?.querySelectorAll<HTMLElement>('[data-anchor]') ?? []) {
      const top = topOf(element);
      if (top + element.offsetHeight > 0) return { element, top };
    }
    return undefined;
  }

  function keepAnchor(): void {
    const element = scroller.value;
    if (!element || !anchor?.element.isConnected) return;
    const moved = topOf(anchor.element) - anchor.top;
    if (moved !== 0) element.scrollTop += moved;
  }

  function topOf(element: HTMLElement): number {
    const view = scroller.value?.getBoundingClientRect().top ?? 0;
    return element.getBoundingClientRect().top - view;
  }

  function scrollToEnd(): void {
    const element = scroller.value;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    lastTop = element.scrollTop;
  }

  return {
    toEnd() {
      options.setFollowing(true);
      scrollToEnd();
    },
    toTarget() {
      if (!isPlaced || !showTarget()) return;
      options.setFollowing(false);
      report();
    },
  };
}

const belowView = ({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number =>
  scrollHeight - scrollTop - clientHeight;
