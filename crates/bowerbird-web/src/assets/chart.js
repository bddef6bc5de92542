// Keeps the chart of posts per minute up to date: the drawing, its label, and the table that says the same.

import { ask, clock, colour, element, number, plural } from '/assets/api.js';

const WIDTH = 600;
const HEIGHT = 120;
const SVG = 'http://www.w3.org/2000/svg';

/** Draws the last hour of all posts and of these tracks; `names` maps their numbers to names. */
export async function refreshChart(ids, names) {
  const figure = document.querySelector('figure.chart');
  if (!figure || document.visibilityState !== 'visible') return;
  const chart = await ask('GET', `/chart?tracks=${ids.slice(0, 50).join(',')}`);
  const columns = chart.series.map((series) => column(chart, series));
  const total = columns[0].reduce((sum, value) => sum + value, 0);
  const label = `${plural(total, 'post', 'posts')} in the last ${columns[0].length} minutes`;
  figure.querySelector('.total').textContent = label;
  draw(figure, chart, columns, label);
  fillTable(figure, chart, columns, names);
}

/** One value for each minute. */
function column(chart, series) {
  const from = Date.parse(chart.from) / 60_000;
  const values = new Array(Date.parse(chart.until) / 60_000 - from).fill(0);
  for (const { minute, count } of series.minutes) values[Date.parse(minute) / 60_000 - from] = count;
  return values;
}

function draw(figure, chart, columns, label) {
  const most = Math.max(1, ...columns.flat());
  const count = columns[0].length;
  const top = (value) => HEIGHT - Math.floor((value * (HEIGHT - 4)) / most);
  const bar = (value, place) => {
    const [left, right] = [Math.floor((place * WIDTH) / count) + 1, Math.floor(((place + 1) * WIDTH) / count)];
    return `M${left} ${HEIGHT}V${top(value)}H${right}V${HEIGHT}Z`;
  };
  const point = (value, place) => `${Math.floor(((2 * place + 1) * WIDTH) / (2 * count))},${top(value)}`;
  const svg = figure.querySelector('svg');
  svg.setAttribute('aria-label', label);
  const bars = shape('path', { class: 'bars', d: columns[0].map(bar).join('') });
  const lines = chart.series.slice(1).map((series, place) =>
    shape('polyline', { class: colour(series.track), points: columns[place + 1].map(point).join(' ') }),
  );
  svg.replaceChildren(bars, ...lines);
  figure.querySelector('.scale span').textContent = `${number(most)} / min`;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fillTable(figure, chart, columns, names) {
  if (!figure.querySelector('.table-of-chart').open) return;
  const titles = chart.series.map((series) => (series.track ? names.get(series.track) ?? '' : 'All posts'));
  const header = element('tr', {}, ...['Minute', ...titles].map((title) => element('th', { scope: 'col' }, title)));
  figure.querySelector('thead').replaceChildren(header);
  const from = Date.parse(chart.from);
  const rows = columns[0].map((_, place) => {
    const minute = element('th', { scope: 'row' }, clock(new Date(from + place * 60_000).toISOString()));
    return element('tr', {}, minute, ...columns.map((values) => element('td', {}, number(values[place]))));
  });
  figure.querySelector('tbody').replaceChildren(...rows.reverse());
}
