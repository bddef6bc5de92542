// Keeps the numbers of the status page up to date by asking for the page again and taking its panels over.

import { element, showTime } from '/assets/api.js';

/** How often, in milliseconds. */
const EVERY = 2000;
const PANELS = ['sources', 'counts', 'storage'];

async function refresh() {
  if (document.visibilityState !== 'visible') return;
  const response = await fetch('/status');
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const name of PANELS) {
    const panel = fresh.getElementById(name);
    if (!panel || document.getElementById(name).contains(document.activeElement)) continue;
    for (const time of panel.querySelectorAll('time[datetime]')) showTime(time);
    document.getElementById(name).replaceWith(document.adoptNode(panel));
  }
}

setInterval(() => refresh().catch(() => {}), EVERY);

const buttons = document.querySelector('#dead .buttons');
if (buttons) {
  const all = element('button', { type: 'button', class: 'quiet' }, 'Choose all on this page');
  all.addEventListener('click', () => {
    for (const box of document.querySelectorAll('#dead input[type=checkbox]')) box.checked = true;
  });
  buttons.prepend(all);
}
