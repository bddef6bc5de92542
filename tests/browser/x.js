// As much of X as a browser test needs: rules, a stream that says what the test tells it to, and counts.

import { createServer } from 'node:http';
import { after } from 'node:test';

import { useRun } from './harness.js';

/** A running Bowerbird with a source `x` that speaks to it. `settings` are further lines of the source; `rules` stand there before it starts. */
export function useX({ settings = '', rules = [] } = {}) {
  const x = { rules, counted: [] };
  const streams = new Set();
  let nextId = 1000;
  const changeRules = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { add = [], delete: gone } = body ? JSON.parse(body) : {};
    const added = request.url.includes('dry_run') ? [] : add.map((rule) => ({ id: String(nextId++), ...rule }));
    rules.push(...added);
    for (const id of gone?.ids ?? []) rules.splice(rules.findIndex((rule) => rule.id === id), 1);
    answer(response, { data: request.method === 'GET' ? rules : added, meta: {} });
  };
  const server = createServer(async (request, response) => {
    if (request.url.includes('/rules')) await changeRules(request, response);
    else if (request.url.includes('/counts/')) answer(response, { data: x.counted });
    else {
      response.writeHead(200);
      response.write('\r\n');
      streams.add(response);
      request.on('close', () => streams.delete(response));
    }
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  x.house = useRun(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = 'http://127.0.0.1:${server.address().port}'\n${settings}\n`;
  }, { 'x-bearer': 'a token' });
  /** Delivers a post with this text. */
  x.deliver = (id, text) => {
    const post = { data: { id, text, author_id: '7', lang: 'en' }, includes: { users: [{ id: '7', username: 'ada', name: 'Ada' }] } };
    for (const stream of streams) stream.write(`${JSON.stringify(post)}\r\n`);
  };
  /** How many streams are open. */
  x.streams = () => streams.size;
  return x;
}

function answer(response, body) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
