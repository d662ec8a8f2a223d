/**
 * What is touched elsewhere is reached with the keyboard on a web page, too: Enter and the space bar
 * do what a click does. uni-app's elements are not the browser's own buttons.
 */
document.addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (key !== 'Enter' && key !== ' ') return;
  if (!(target instanceof HTMLElement) || target.getAttribute('role') !== 'button') return;
  event.preventDefault();
  target.click();
});
