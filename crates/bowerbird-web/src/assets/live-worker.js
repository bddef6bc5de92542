// One live stream for all tabs: browsers open only six connections to a host over HTTP/1.1, and a tab more than that would stay
// dead. Tabs say hello and goodbye; one that is silent for long is taken for closed.

import { LiveSource } from '/assets/live-source.js';

/** A hidden tab's timers run once a minute; who is silent for longer than this is gone. In milliseconds. */
const SILENT = 180_000;

/** Each tab's port, and when it was last heard. */
const tabs = new Map();
const source = new LiveSource((message) => {
  for (const port of tabs.keys()) port.postMessage(message);
});

function hear(port, message) {
  if (message.type === 'bye') {
    tabs.delete(port);
    if (tabs.size === 0) source.close();
    return;
  }
  const isNew = !tabs.has(port);
  tabs.set(port, Date.now());
  if (!isNew) return;
  if (source.stream) {
    for (const greeting of source.greeting(message.after)) port.postMessage(greeting);
  } else {
    source.recent = [];
    source.lastId = null;
    source.open(message.after);
  }
}

globalThis.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => hear(port, data);
  port.start();
};

setInterval(() => {
  const now = Date.now();
  for (const [port, heard] of tabs) if (now - heard > SILENT) tabs.delete(port);
  if (tabs.size === 0) source.close();
}, 30_000);
