/**
 * Lets the page paint and react. Not with a timer where there is another way: in a hidden
 * page that takes a second.
 * @param later what is used where there is none
 */
export function nextTask(
  later: (done: () => void) => void = (done) => setTimeout(done, 0),
): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
    } else if (typeof MessageChannel === 'function') {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else {
      later(resolve);
    }
  });
}
