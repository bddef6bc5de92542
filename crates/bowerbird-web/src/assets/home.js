// The live page: posts as they arrive, the tracks with their counts, and the box for a new one.

import { announce, ask, clock, colour, element, number } from '/assets/api.js';
import { refreshChart } from '/assets/chart.js';
import { Feed } from '/assets/feed.js';
import { follow, showState } from '/assets/live.js';
import { clear, showError, watchRules } from '/assets/rule.js';

/** How often the chart is drawn anew, in milliseconds. */
const CHART = 5000;
/** The span over which the rate is taken, in milliseconds. */
const RATE = 5000;

const names = new Map();
const only = new Set((new URLSearchParams(location.search).get('tracks') ?? '').split(',').filter(Boolean));
const root = document.getElementById('feed');
const feed = new Feed({ tracks: names, isWanted: (post) => only.size === 0 || post.captures.some((capture) => only.has(capture.track)) });
let changes = null;
/** A name for the rule that was looked at last. */
let suggested = { rule: '', name: '' };

// The tracks.

async function loadTracks() {
  const { tracks } = await ask('GET', '/tracks');
  names.clear();
  for (const track of tracks) names.set(track.id, track.name);
  document.getElementById('track-list').replaceChildren(...tracks.map(trackItem));
  document.getElementById('no-tracks').hidden = tracks.length > 0;
}

/** One track in the list, the same as the server writes it. */
function trackItem(track) {
  const state = track.paused ? 'paused' : track.active ? 'capturing' : 'not now';
  const link = element('a', { class: 'track-name', href: `/tracks/${track.id}` }, element('span', { class: 'swatch', 'aria-hidden': 'true' }), track.name);
  const last = element('span', { class: 'last' }, ...(track.last_at ? ['last ', clock(track.last_at)] : []));
  const button = element('button', { class: 'only quiet', type: 'button', 'aria-pressed': String(only.has(track.id)) }, 'Only this');
  button.addEventListener('click', () => toggle(track.id, button));
  return element(
    'li',
    { class: colour(track.id), 'data-track': track.id, 'data-state': state },
    link,
    element('span', { class: 'count' }, number(track.captures)),
    element('code', { class: 'track-rule' }, track.rule),
    element('span', { class: 'track-foot' }, element('span', { class: 'state' }, state), last, button),
  );
}

/** Shows only what these tracks caught; without any, everything. */
async function toggle(id, button) {
  if (!only.delete(id)) only.add(id);
  button.setAttribute('aria-pressed', String(only.has(id)));
  const query = only.size > 0 ? `?tracks=${[...only].join(',')}` : '';
  history.replaceState(null, '', `/${query}`);
  await showRecent();
}

async function showRecent() {
  const asked = only.size > 0 ? [...only].map((id) => `/recent?limit=40&track=${id}`) : ['/recent?limit=40'];
  const answers = await Promise.all(asked.map((path) => ask('GET', path)));
  const posts = new Map(answers.flatMap((answer) => answer.items).map((post) => [post.key, post]));
  feed.reset([...posts.values()].sort((a, b) => (a.received_at < b.received_at ? 1 : -1)));
}

function showCounts(counts) {
  for (const { track, captures, last_at } of counts.tracks) {
    const item = document.querySelector(`#track-list [data-track="${track}"]`);
    if (!item) continue;
    item.querySelector('.count').textContent = number(captures);
    if (last_at) item.querySelector('.last')?.replaceChildren('last ', clock(last_at));
  }
  if (changes !== null && changes !== counts.changes) loadTracks().catch(() => {});
  changes = counts.changes;
}

// The stream.

let arrivals = [];

function showRate() {
  const now = performance.now();
  arrivals = arrivals.filter((at) => now - at < RATE);
  const rate = arrivals.length / (RATE / 1000);
  document.getElementById('rate').textContent = `${rate < 10 ? rate.toFixed(1) : number(Math.round(rate))} posts/s`;
}

follow({
  after: root.dataset.after,
  onState: showState,
  onEvent: (kind, data) => {
    if (kind === 'counts') {
      showCounts(data);
      return;
    }
    if (kind === 'post') arrivals.push(performance.now());
    feed.take(kind, data);
  },
});

// The box for a new track.

const form = document.getElementById('new-track-form');
const box = form.querySelector('[data-rule-box]');
const nameField = document.getElementById('new-name');

watchRules(names, (check, rule) => {
  suggested = { rule, name: check.name };
  nameField.placeholder = check.name || 'taken from the rule if left empty';
});

form.addEventListener('submit', async (event) => {
  // A button that leads elsewhere saves nothing.
  if (event.submitter?.hasAttribute('formaction')) return;
  event.preventDefault();
  const rule = form.elements.rule.value;
  const failed = form.querySelector('.form-error');
  failed.hidden = true;
  try {
    // Typed and sent faster than looked at: ask for a name now.
    const known = suggested.rule === rule ? suggested.name : '';
    const name = nameField.value.trim() || known || (await ask('POST', '/rules/check', { rule, samples: 0 })).name || rule.slice(0, 40);
    const track = await ask('POST', '/tracks', { name, rule });
    await loadTracks();
    form.reset();
    clear(box);
    suggested = { rule: '', name: '' };
    nameField.placeholder = 'taken from the rule if left empty';
    document.querySelector(`#track-list [data-track="${track.id}"]`)?.classList.add('new');
    announce(`Track ${track.name} is capturing.`);
  } catch (error) {
    if (error.code === 'bad_rule') {
      const check = await ask('POST', '/rules/check', { rule, samples: 0 });
      showError(box, rule, check.error);
      return;
    }
    failed.textContent = `${error.message} ${error.details}`;
    failed.hidden = false;
  }
});

await loadTracks();
if (only.size > 0) await showRecent();
const refresh = () => refreshChart([...names.keys()], names).catch(() => {});
setInterval(refresh, CHART);
setInterval(showRate, 1000);
document.querySelector('.table-of-chart')?.addEventListener('toggle', refresh);
refresh();
