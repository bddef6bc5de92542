// A demo of one's own, a browser, and the promise that nothing went wrong behind the scenes: no console error, no request to another
// host. `BOWERBIRD` names the executable, `CHROMIUM` the browser; screenshots go to `test-output/` in the repository.

import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { chromium } from 'playwright-core';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const executable = process.env.BOWERBIRD ?? path.join(root, 'target/debug/bowerbird');
const output = path.join(root, 'test-output');

/** A demo and a browser for all tests of a file; `options` gives what the demo is started with. */
export function useDemo(options = () => ['--rate', '20']) {
  const house = {};
  before(async () => {
    house.demo = await startDemo(...(await options()));
    house.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  after(async () => {
    await house.browser?.close();
    assert.equal(await house.demo?.stop(), 0, 'the demo ends cleanly');
  });
  return house;
}

/** A demo that replays a file with this content. */
export function useReplay(content) {
  let folder;
  after(() => rm(folder, { recursive: true, force: true }));
  return useDemo(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bowerbird-replay-'));
    const file = path.join(folder, 'recorded.jsonl');
    await writeFile(file, content);
    return ['--source', `replay:${file}`];
  });
}

/** A demo that is told what happens: `house.tell(message, …)` gives it messages as a stream would. */
export function useTold() {
  const house = useDemo(() => ['--source', 'replay:-']);
  house.tell = (...messages) => house.demo.input.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return house;
}

/** A run with this configuration (its data folder and page apart), and a browser; `secrets` by name, `house.command(…)` runs another command beside it. */
export function useRun(configure, secrets) {
  const house = {};
  let folder;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bowerbird-browser-'));
    const file = path.join(folder, 'bowerbird.toml');
    await writeFile(file, `data = 'data'\n[page]\nlisten = '127.0.0.1:18700'\n${await configure()}`);
    await mkdir(path.join(folder, 'data/secrets'), { recursive: true, mode: 0o700 });
    for (const [name, value] of Object.entries(secrets)) await writeFile(path.join(folder, 'data/secrets', name), value, { mode: 0o600 });
    house.demo = await startIn(folder, 'run', '--config', file);
    house.command = (...args) => execFileSync(executable, ['--config', file, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    house.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  after(async () => {
    await house.browser?.close();
    assert.equal(await house.demo?.stop(), 0, 'the run ends cleanly');
  });
  return house;
}

/** Starts `bowerbird demo` with a fresh data folder. */
async function startDemo(...options) {
  const folder = await mkdtemp(path.join(tmpdir(), 'bowerbird-browser-'));
  return startIn(folder, 'demo', '--data', folder, '--fresh', '--port', '18700', ...options);
}

/** Starts a command that opens a page; stopping it removes the folder. */
async function startIn(folder, ...options) {
  const child = spawn(executable, options, { stdio: ['pipe', 'pipe', 'pipe'] });
  const address = await new Promise((resolve, reject) => {
    let said = '';
    const hear = (text) => {
      said += text;
      const found = said.match(/http:\/\/[^\s]+/);
      if (found) resolve(found[0].replace(/\/$/, ''));
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGINT');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    await rm(folder, { recursive: true, force: true });
    return child.exitCode;
  };
  return { address, stop, input: child.stdin };
}

/** A context whose troubles are collected; `expectQuiet` asserts that there were none. */
export async function openContext({ browser, demo }, options = {}) {
  const context = await browser.newContext({ baseURL: demo.address, viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
  const troubles = [];
  const host = new URL(demo.address).host;
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(`console ${message.type()}: ${message.text()}`);
  });
  context.on('weberror', (error) => troubles.push(`uncaught: ${error.error().message}`));
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.host !== host) troubles.push(`request to ${url.host}`);
  });
  const expectQuiet = () => assert.deepEqual(troubles, []);
  return { context, troubles, expectQuiet };
}

/** Nothing on the page is wider than the screen. */
export async function expectToFit(page) {
  const { wide, seen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, seen: innerWidth }));
  assert.ok(wide <= seen, `${page.url()} is ${wide} wide on ${seen}`);
}

/** Keeps a picture of the page, as far as it is seen unless `options` say more. */
export async function shoot(page, name, options = {}) {
  await mkdir(output, { recursive: true });
  await page.screenshot({ path: path.join(output, `${name}.png`), ...options });
}

/** Waits until `check` gives something true. */
export async function until(check, what, timeout = 30_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) assert.fail(`${what} did not happen within ${timeout / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
