// The page served aboard: starts the shell in the element the HTML keeps for it.
import { render } from 'preact';

const place = document.getElementById('page');
if (place) render(<main>tender</main>, place);
