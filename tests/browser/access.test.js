// Keyboard alone, narrow screens, dark mode, and eight tabs that all stay live.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectToFit, openContext, shoot, until, useDemo } from './harness.js';

const house = useDemo();

const newest = (page) => page.evaluate(() => document.querySelector('#feed > .post')?.dataset.key);

test('eight tabs of one browser all stay live over one stream', async () => {
  const { context, expectQuiet } = await openContext(house);
  const tabs = [];
  for (let n = 0; n < 8; n += 1) {
    const page = await context.newPage();
    await page.goto('/');
    tabs.push(page);
  }
  for (const page of tabs) await page.waitForSelector('#connection[data-state="open"]');
  const before = await Promise.all(tabs.map(newest));
  for (const [n, page] of tabs.entries()) await until(async () => (await newest(page)) !== before[n], `tab ${n} moving on`);
  const status = await (await context.request.get('/api/v1/status')).json();
  assert.equal(status.live_readers, 1);
  // The first tab, which began the stream, closes; the others go on.
  await tabs[0].close();
  const then = await newest(tabs[7]);
  await until(async () => (await newest(tabs[7])) !== then, 'the last tab moving on');
  expectQuiet();
  await context.close();
});

test('tabs without a shared worker follow the one that leads', async () => {
  const { context, expectQuiet } = await openContext(house);
  await context.addInitScript(() => delete globalThis.SharedWorker);
  const tabs = [];
  for (let n = 0; n < 3; n += 1) {
    tabs.push(await context.newPage());
    await tabs[n].goto('/');
  }
  const before = await Promise.all(tabs.map(newest));
  for (const [n, page] of tabs.entries()) await until(async () => (await newest(page)) !== before[n], `tab ${n} moving on`);
  await tabs[0].close();
  const then = await newest(tabs[2]);
  await until(async () => (await newest(tabs[2])) !== then, 'another tab leading');
  expectQuiet();
  await context.close();
});

test('everything is reached by keyboard', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#feed > .post');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.keyboard.press('j');
  const first = await page.evaluate(() => document.activeElement.dataset.key);
  assert.ok(first);
  await page.keyboard.press('j');
  assert.notEqual(await page.evaluate(() => document.activeElement.dataset.key), first);
  await page.keyboard.press('k');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.key), first, 'the stream holds while the focus is in it');
  await page.keyboard.press('Escape');
  await page.keyboard.press('p');
  assert.equal(await page.locator('#pause').getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'new-rule');
  await page.keyboard.type('lang:de');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#track-list code:has-text("lang:de")');
  expectQuiet();
  await context.close();
});

test('what is focused is seen', async () => {
  const { context } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/search');
  for (let n = 0; n < 8; n += 1) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80)));
  }
  await context.close();
});

test('narrow and dark screens show everything without scrolling sideways', async () => {
  for (const [name, options] of [
    ['narrow', { viewport: { width: 320, height: 800 } }],
    ['dark', { colorScheme: 'dark' }],
  ]) {
    const { context, expectQuiet } = await openContext(house, options);
    const page = await context.newPage();
    await page.goto('/');
    await page.locator('.track-name').first().waitFor();
    const track = await page.locator('.track-name').first().getAttribute('href');
    for (const [file, path] of [['home', '/'], ['search', '/search'], ['track', track], ['status', '/status'], ['plan-none', '/plan']]) {
      await page.goto(path);
      await expectToFit(page);
      await shoot(page, `${file}-${name}`);
    }
    expectQuiet();
    await context.close();
  }
});

test('names, roles and labels are there for a screen reader', async () => {
  const { context } = await openContext(house);
  const page = await context.newPage();
  for (const path of ['/', '/search', '/status', '/plan', '/tracks/1']) {
    await page.goto(path);
    const unnamed = await page.evaluate(() => {
      const named = (field) => field.labels?.length > 0 || field.ariaLabel || field.type === 'hidden';
      const fields = [...document.querySelectorAll('input, select, textarea')].filter((field) => !named(field));
      const buttons = [...document.querySelectorAll('button:not([hidden]), a')].filter((one) => !one.textContent.trim() && !one.ariaLabel);
      return [...fields, ...buttons].map((one) => one.outerHTML.slice(0, 100));
    });
    assert.deepEqual(unnamed, [], path);
    assert.equal(await page.locator('h1').count(), 1, `${path} has one heading of the first rank`);
    assert.equal(await page.locator('main').count(), 1);
  }
  await page.goto('/');
  assert.ok(await page.locator('[role=feed][aria-label]').count());
  assert.ok(await page.locator('[aria-live=polite]').count());
  assert.match(await page.locator('figure.chart svg').getAttribute('aria-label'), /posts? in the last \d+ minutes/);
  await context.close();
});
