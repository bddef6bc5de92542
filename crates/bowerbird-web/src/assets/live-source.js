// The one connection to the live stream, and the messages made of it. It runs in the shared worker, or in the tab that leads.

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
    for (const kind of ['post', 'edit', 'delete', 'missed', 'counts']) {
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
    if (event.kind === 'delete') this.forget(JSON.parse(event.data).key);
    this.gathered.push(event);
    this.timer ??= setTimeout(() => this.flush(), GATHER);
  }

  /** A deleted post is not shown to tabs that come later. */
  forget(key) {
    const quoted = `"key":${JSON.stringify(key)}`;
    this.recent = this.recent.filter((event) => event.kind === 'delete' || !event.data.includes(quoted));
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
