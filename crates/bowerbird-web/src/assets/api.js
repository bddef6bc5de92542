// Speaks with the API: sends the page's token, and turns errors into what a person is told.

let token = document.querySelector('meta[name="csrf"]')?.content ?? '';

/** An error as the API tells it: code, message, details, position. */
export class ApiError extends Error {
  constructor(status, told) {
    super(told.message);
    this.status = status;
    this.code = told.code;
    this.details = told.details ?? '';
    this.position = told.position;
  }
}

/** Asks the API; `path` without `/api/v1`. A token from before a restart is renewed once. */
export async function ask(method, path, body, signal) {
  try {
    return await attempt(method, path, body, signal);
  } catch (error) {
    if (error.code !== 'bad_token') throw error;
    token = (await attempt('GET', '/session')).csrf;
    return attempt(method, path, body, signal);
  }
}

async function attempt(method, path, body, signal) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = token;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body), signal });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  throw new ApiError(response.status, answer.error ?? { code: 'unknown', message: `The answer was ${response.status}.` });
}

/** Makes an element: `element('a', { class: 'x', href: '/' }, 'text', child)`. Text stays text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return made;
}

/** Says something to a screen reader. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  if (announcer) announcer.textContent = text;
}

const numbers = new Intl.NumberFormat('en');

/** A number with its thousands apart, as the server writes it. */
export const number = (value) => numbers.format(value);

/** `1 post`, `2 posts`. */
export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

/** The class that gives a track its colour, as the server gives it. */
export const colour = (id) => `track-${BigInt(id) % 8n}`;

const clocks = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

/** Writes a moment in the reader's own zone. */
export function showTime(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const today = at.toDateString() === new Date().toDateString();
  time.textContent = time.dataset.form === 'clock' && today ? clocks.format(at) : moments.format(at);
  time.title = time.dateTime;
}

/** An element for a moment. */
export function clock(text) {
  const time = element('time', { datetime: text, 'data-form': 'clock' });
  showTime(time);
  return time;
}
