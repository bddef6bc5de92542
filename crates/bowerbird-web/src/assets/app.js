// On every page: moments in the reader's zone, and keys.

import { showTime } from '/assets/api.js';

for (const time of document.querySelectorAll('time[datetime]')) showTime(time);

const isTyping = (target) => target.closest('input, textarea, select, [contenteditable]') !== null;

/** Moves the focus to the next or previous post. */
function step(by) {
  const posts = [...document.querySelectorAll('#feed > .post')];
  const here = posts.indexOf(document.activeElement?.closest('.post'));
  const next = posts[here < 0 ? 0 : Math.min(Math.max(here + by, 0), posts.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    document.activeElement?.blur();
    return;
  }
  if (isTyping(event.target)) return;
  const field = document.getElementById('new-rule') ?? document.getElementById('text');
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    p: () => document.getElementById('pause')?.click(),
    '/': () => field?.focus(),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
