// The one connection to the live stream, and the messages made of it. It runs in the shared worker, or in the tab that leads.

import { forgetInside, isForgotten, mayHold } from '/assets/forget.js';

/** How long events are gathered before they are handed on, in milliseconds. */
const GATHER = 50;
/** How many of the newest events are held for tabs that come later. */
const RECENT = 300;
/** How long to wait before opening again after the server refused, in milliseconds. */
const AGAIN = 3000;

/** Opens the stream and hands on `{ type: 'events', events }` and `{ type: 'state', state }`. */
export class LiveSource {
  constructor(handOn) {
    this.handOn = handOn;
    this.stream = null;
    this.lastId = null;
    this.state = 'connecting';
    this.recent = [];
    this.counts = null;
    this.gathered = [];
    this.timer = null;
  }

  /** Opens it, going on after an id; does nothing if it is open. */
  open(after) {
    if (this.stream) return;
    this.lastId ??= after;
    const address = this.lastId ? `/api/v1/live?after=${encodeURIComponent(this.lastId)}` : '/api/v1/live';
    const stream = new EventSource(address);
    this.stream = stream;
    stream.onopen = () => this.tell('open');
    stream.onerror = () => this.broke();
    for (const kind of ['post', 'edit', 'delete', 'gone', 'missed', 'counts']) {
      stream.addEventListener(kind, (event) => this.gather({ kind, id: event.lastEventId, data: event.data }));
    }
  }

  /** Closes it. */
  close() {
    this.stream?.close();
    this.stream = null;
    clearTimeout(this.timer);
    this.timer = null;
    this.gathered = [];
  }

  /** What a tab that comes now should know: the state, the last counts, and what came after an id. */
  greeting(after) {
    const newer = after ? this.recent.filter((event) => BigInt(event.id) > BigInt(after)) : [];
    const events = this.counts ? [this.counts, ...newer] : newer;
    return [{ type: 'state', state: this.state }, { type: 'events', events }];
  }

  broke() {
    this.tell('connecting');
    // A dropped connection opens again by itself; a refused one does not.
    if (this.stream?.readyState !== EventSource.CLOSED) return;
    this.stream = null;
    setTimeout(() => this.open(null), AGAIN);
  }

  gather(event) {
    if (event.kind === 'counts') {
      this.counts = event;
    } else if (event.kind !== 'missed') {
      this.lastId = event.id;
      this.recent.push(event);
      if (this.recent.length > RECENT) this.recent.splice(0, this.recent.length - RECENT);
    }
    if (event.kind === 'delete' || event.kind === 'gone') this.forget(JSON.parse(event.data));
    this.gathered.push(event);
    this.timer ??= setTimeout(() => this.flush(), GATHER);
  }

  /** What is deleted is not shown to tabs that come later. */
  forget(what) {
    this.recent = this.recent.filter((event) => {
      if (event.kind === 'delete' || event.kind === 'gone' || !mayHold(event.data, what)) return true;
      const post = JSON.parse(event.data);
      if (isForgotten(post, what)) return false;
      if (forgetInside(post, what)) event.data = JSON.stringify(post);
      return true;
    });
  }

  flush() {
    this.timer = null;
    const events = this.gathered;
    this.gathered = [];
    this.handOn({ type: 'events', events });
  }

  tell(state) {
    this.state = state;
    this.handOn({ type: 'state', state });
  }
}
