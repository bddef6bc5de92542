// Posts that would like to be more than text, and pages from elsewhere that would like to be us.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { expectToFit, openContext, until, useReplay } from './harness.js';

const TEXT = '<script>document.title="taken"</script><img src=x onerror="document.title=\'taken\'"> cat &amp; "quotes" <b>bold</b>';

/** Words without a place to break, letters with hundreds of signs, and text that runs the other way. */
const UNWIELDY = [`cat ${'Donaudampfschiff'.repeat(30)}`, `cat https://example.org/${'a'.repeat(400)}`, `cat a${'\u0301'.repeat(300)}`, '\u202ecat قطة'];

const post = (text, n) => ({
  id_str: String(1000 + n),
  created_at: 'Sat Nov 21 08:15:30 +0000 2026',
  text,
  lang: 'en',
  source: '<a href="javascript:alert(1)">app</a>',
  user: { id_str: String(7 + n), screen_name: n < 5 ? 'ada' : 'a'.repeat(50), name: n < 5 ? '<i>Ada</i>' : 'N'.repeat(80) },
  entities: { urls: [{ url: 'bold', expanded_url: 'javascript:alert(1)', indices: [0, 8] }], hashtags: [], user_mentions: [] },
});
/** The first of them quotes another that would like the same. */
const quoting = (post) => ({ ...post, is_quote_status: true, quoted_status_id_str: '900', quoted_status: { ...post, id_str: '900', text: `${TEXT} ${UNWIELDY.join(' ')}` } });
const texts = [...UNWIELDY, ...Array.from({ length: 5 }, (_, n) => `${TEXT} ${n}`)];
const posts = texts.map((text, n) => post(text, texts.length - 1 - n)).map((post, n) => (n === 0 ? quoting(post) : post));
const house = useReplay(posts.map((post) => `${JSON.stringify(post)}\n`).join(''));

test('the text of a post is text, everywhere', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await until(async () => (await (await context.request.get('/api/v1/counts')).json()).total.kept >= texts.length, 'the posts being kept');
  for (const address of ['/', '/search?text=cat', '/posts/x/1001']) {
    await page.goto(address);
    const text = await page.locator('#feed .text').first().textContent();
    assert.ok(text.includes('<script>document.title="taken"</script>'), `${address}: ${text}`);
    assert.equal(await page.locator('#feed .post script, #feed .post img, #feed .post b, #feed .name i').count(), 0, address);
    assert.equal(await page.locator('#feed a[href^="javascript"]').count(), 0, address);
    assert.notEqual(await page.title(), 'taken');
  }
  // What the scripts build is the same as what the server writes.
  await page.goto('/');
  await page.fill('#new-rule', 'cat');
  await page.click('.rule-samples summary');
  const sample = page.locator('.rule-samples .post').first();
  await sample.waitFor();
  assert.ok((await sample.locator('.text').textContent()).includes('<script>'));
  const shown = (post) => post.locator('.text').evaluate((text) => text.textContent);
  assert.ok((await shown(sample)).startsWith('<script>document.title'));
  expectQuiet();
  await context.close();
});

test('long words, long names and stacked signs stay where they belong', async () => {
  for (const width of [360, 1280]) {
    const { context, expectQuiet } = await openContext(house, { viewport: { width, height: 800 } });
    const page = await context.newPage();
    const named = 'Long'.repeat(24) + width;
    await page.goto('/');
    await page.fill('#new-rule', `cat OR (${'many'.repeat(50)} cat)`);
    await page.fill('#new-name', named);
    await page.click('#new-track-form button[type=submit]');
    const track = await page.locator('.track-name', { hasText: named }).getAttribute('href');
    await page.goto(track);
    await page.click('button:has-text("Backfill")');
    await page.waitForSelector('#backfill-state:has-text("Backfill done")');
    for (const address of ['/', track, '/search?text=cat', '/posts/x/1005', '/status']) {
      await page.goto(address);
      await expectToFit(page);
    }
    await page.goto(track);
    const panel = await page.locator('#change').locator('..').boundingBox();
    const stream = await page.locator('.stream').boundingBox();
    assert.ok(panel.x + panel.width <= stream.x || panel.y + panel.height <= stream.y, 'the form does not lie over the posts');
    expectQuiet();
    await context.close();
  }
});

test('a page from elsewhere can neither read nor change nor frame us', async () => {
  const html = `<iframe src="${house.demo.address}/"></iframe>`;
  const server = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const context = await house.browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const outcomes = await page.evaluate(async (address) => {
    const body = JSON.stringify({ name: 'Taken', rule: 'taken' });
    const attempts = [
      fetch(`${address}/api/v1/tracks`),
      fetch(`${address}/api/v1/session`),
      fetch(`${address}/api/v1/tracks`, { method: 'POST', mode: 'no-cors', body }),
      fetch(`${address}/tracks`, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ name: 'Taken', rule: 'taken' }) }),
    ];
    return (await Promise.allSettled(attempts)).map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.type : 'refused'));
  }, house.demo.address);
  assert.deepEqual(outcomes.slice(0, 2), ['refused', 'refused']);
  const stream = await page.evaluate((address) => new Promise((resolve) => {
    const stream = new EventSource(`${address}/api/v1/live`);
    stream.onopen = () => resolve('open');
    stream.onerror = () => resolve('refused');
  }), house.demo.address);
  assert.equal(stream, 'refused');
  const { tracks } = await (await context.request.get(`${house.demo.address}/api/v1/tracks`)).json();
  assert.equal(tracks.filter((track) => track.name === 'Taken').length, 0);
  const framed = page.frames().find((frame) => frame !== page.mainFrame());
  assert.ok(!(await framed?.content().catch(() => ''))?.includes('New track'), 'the frame stays empty');
  await context.close();
  server.close();
});

test('a name that points here does not open the door', async () => {
  const answer = await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(house.demo.address);
    http.get({ hostname, port, path: '/api/v1/tracks', headers: { host: 'rebound.example' } }, resolve).on('error', reject);
  });
  assert.equal(answer.statusCode, 421);
  answer.resume();
});
