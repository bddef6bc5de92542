// A track's page: its posts as they come, its count, its backfill's progress, and its rule looked at while it is changed.

import { announce, ask, number, plural } from '/assets/api.js';
import { refreshChart } from '/assets/chart.js';
import { Feed } from '/assets/feed.js';
import { follow, showState } from '/assets/live.js';
import { watchRules } from '/assets/rule.js';

/** How often a running backfill is asked after, in milliseconds. */
const BACKFILL = 500;

const id = document.querySelector('.track-page').dataset.track;
const { tracks } = await ask('GET', '/tracks');
const names = new Map(tracks.map((track) => [track.id, track.name]));
const isFirstPage = document.getElementById('feed').dataset.more === undefined;
const feed = new Feed({ tracks: names, isWanted: (post) => isFirstPage && post.captures.some((capture) => capture.track === id) });

follow({
  onState: showState,
  onEvent: (kind, data) => {
    if (kind !== 'counts') feed.take(kind, data);
    const counts = kind === 'counts' && data.tracks.find((counts) => counts.track === id);
    if (counts) document.getElementById('track-captures').textContent = number(counts.captures);
  },
});

watchRules(names);

async function watchBackfill() {
  const shown = document.getElementById('backfill-state');
  const { looked_at, added, done, error } = await ask('GET', `/tracks/${id}/backfill`);
  const looked = plural(looked_at, 'kept post', 'kept posts');
  const caught = plural(added, 'capture', 'captures');
  if (!done) shown.textContent = `Backfill: ${looked} looked at so far, ${caught} added.`;
  else if (error) shown.textContent = `Backfill failed after ${looked}: ${error}.`;
  else shown.textContent = `Backfill done: ${looked} looked at, ${caught} added.`;
  if (!done) setTimeout(watchBackfill, BACKFILL);
  else announce(shown.textContent);
}

if (document.getElementById('backfill-state').dataset.running === 'true') watchBackfill();
const refresh = () => refreshChart([id], names).catch(() => {});
setInterval(refresh, 5000);
document.querySelector('.table-of-chart')?.addEventListener('toggle', refresh);
