// A page's way to the live stream: through the worker that all tabs share, or, where there is none, through the tab that leads.

import { LiveSource } from '/assets/live-source.js';

/** How often a tab says that it is there, in milliseconds. */
const ALIVE = 20_000;

/** Calls `onEvent(kind, data)` for every event from `after` on, and `onState(state)` as the connection comes and goes. */
export function follow({ after, onEvent, onState }) {
  const hear = (message) => {
    if (message.type === 'state') onState(message.state);
    else for (const { kind, data } of message.events) onEvent(kind, JSON.parse(data));
  };
  if ('SharedWorker' in globalThis) viaWorker(after, hear);
  else if (navigator.locks && 'BroadcastChannel' in globalThis) viaLeader(after, hear);
  else alone(after, hear);
}

function viaWorker(after, hear) {
  const worker = new SharedWorker('/assets/live-worker.js', { type: 'module', name: 'bowerbird-live' });
  worker.port.onmessage = ({ data }) => hear(data);
  const say = (type) => worker.port.postMessage({ type, after });
  say('hello');
  setInterval(say, ALIVE, 'alive');
  addEventListener('pagehide', () => say('bye'));
  addEventListener('pageshow', (event) => event.persisted && say('hello'));
}

/** The tab that holds the lock has the stream and tells the others; when it closes, the next one takes over. */
function viaLeader(after, hear) {
  const channel = new BroadcastChannel('bowerbird-live');
  channel.onmessage = ({ data }) => hear(data);
  navigator.locks.request('bowerbird-live', () => {
    channel.onmessage = null;
    alone(after, (message) => {
      hear(message);
      channel.postMessage(message);
    });
    return new Promise(() => {});
  });
}

function alone(after, hear) {
  const source = new LiveSource(hear);
  source.open(after);
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => event.persisted && source.open(null));
}

/** Shows the connection's state in the page's head. */
export function showState(state) {
  const shown = document.getElementById('connection');
  if (!shown) return;
  shown.dataset.state = state;
  shown.querySelector('.word').textContent = state === 'open' ? 'live' : 'connecting …';
}
