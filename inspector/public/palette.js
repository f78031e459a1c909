// Sets the palette before the first paint, so that a dark bridge is never lit by a white flash. A classic script in the
// head, loaded from the daemon like everything else: the policy of the page allows no inline script.
(() => {
  let palette = null;
  try {
    palette = localStorage.getItem('palette');
  } catch {}
  if (palette !== 'day' && palette !== 'dusk' && palette !== 'night')
    palette = matchMedia('(prefers-color-scheme: dark)').matches ? 'dusk' : 'day';
  document.documentElement.dataset.palette = palette;
})();
