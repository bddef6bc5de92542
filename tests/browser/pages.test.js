// What a person sees and does: the live page, a new track, search, a track's page, status.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { openContext, shoot, until, useDemo } from './harness.js';

const house = useDemo();

const keys = (page) => page.$$eval('#feed > .post', (posts) => posts.map((post) => post.dataset.key));

test('posts arrive by themselves, with their tracks counting', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#connection[data-state="open"]');
  const [first] = await until(async () => (await keys(page)).slice(0, 1), 'a post');
  await until(async () => (await keys(page))[0] !== first, 'a newer post on top');
  assert.equal(await page.locator('#track-list > li').count(), 3);
  const count = () => page.$$eval('#track-list .count', (counts) => counts.reduce((sum, count) => sum + Number(count.textContent.replaceAll(',', '')), 0));
  const before = await count();
  await until(async () => (await count()) > before, 'a count going up');
  await page.waitForSelector('#feed mark');
  await page.waitForSelector('#feed .name');
  assert.ok(await page.locator('figure.chart svg path.bars').getAttribute('d'));
  const languages = await until(async () => {
    const found = new Set(await page.$$eval('#feed .lang', (badges) => badges.map((badge) => badge.textContent)));
    return found.size >= 3 && found;
  }, 'posts in three languages');
  assert.ok(languages);
  await shoot(page, 'home-light');
  expectQuiet();
  await context.close();
});

test('a rule is tried while it is typed, and its error has a place', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.fill('#new-rule', 'has:links (lang:en OR');
  await page.waitForSelector('#new-rule-error:not([hidden]) .wrong');
  assert.match(await page.locator('#new-rule-error').textContent(), /At character \d+/);
  assert.equal(await page.locator('#new-rule').getAttribute('aria-invalid'), 'true');
  await shoot(page, 'rule-error');
  await page.fill('#new-rule', 'lang:en OR lang:ja');
  await page.waitForSelector('#new-rule-error', { state: 'hidden' });
  await page.waitForFunction(() => /Would have caught [\d,]+ of the last [\d,]+ posts?/.test(document.querySelector('.rule-says').textContent));
  await page.click('.rule-samples summary');
  await page.waitForSelector('.rule-samples .post .text');
  await shoot(page, 'rule-preview');
  expectQuiet();
  await context.close();
});

test('a saved rule shows its matches at once; it is paused, changed and removed', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#connection[data-state="open"]');
  await page.fill('#new-rule', '-is:nullcast');
  await page.fill('#new-name', 'Everything');
  await page.click('#new-track-form button[type=submit]');
  const item = page.locator('#track-list > li', { hasText: 'Everything' });
  await item.waitFor();
  await page.waitForSelector('#feed .chip:has-text("Everything")');

  await item.locator('.track-name').click();
  await page.waitForSelector('h1:has-text("Everything")');
  await page.click('button:has-text("Pause")');
  await page.waitForSelector('#track-state:has-text("Paused")');
  await page.click('button:has-text("Resume")');
  await page.waitForSelector('#track-state:has-text("Capturing")');

  await page.fill('#name', 'Most of it');
  await page.fill('#rule', 'lang:en OR lang:ja OR lang:ar');
  await page.fill('#retention', '2');
  await page.selectOption('#unit', 'hours');
  await page.click('#track-form button[type=submit]');
  await page.waitForSelector('h1:has-text("Most of it")');
  assert.equal(await page.inputValue('#retention'), '2');
  await shoot(page, 'track');

  await page.click('button:has-text("Backfill")');
  await page.waitForFunction(() => /Backfill done: [\d,]+ kept posts? looked at/.test(document.getElementById('backfill-state').textContent));
  await page.goto(page.url().replace(/\?.*/, ''));
  await page.waitForSelector('.chip .note:has-text("backfilled")');

  await page.click('summary:has-text("Remove")');
  await page.click('button:has-text("Remove this track")');
  await page.waitForURL('**/');
  assert.equal(await page.locator('#track-list > li', { hasText: 'Most of it' }).count(), 0);
  expectQuiet();
  await context.close();
});

test('a name that is taken is said beside the form', async () => {
  const { context } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  const taken = (await page.locator('.track-name').first().textContent()).trim();
  await page.fill('#new-rule', 'anything');
  await page.fill('#new-name', taken);
  await page.click('#new-track-form button[type=submit]');
  await page.waitForSelector('#new-track-form .form-error:not([hidden])');
  await context.close();
});

test('somebody who reads is not disturbed', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#feed > .post');
  await page.click('#pause');
  const held = await keys(page);
  await page.waitForSelector('#fresh:not([hidden])');
  // Nothing new comes between what is being read; what its author deletes meanwhile goes all the same.
  const still = await keys(page);
  assert.deepEqual(still, held.filter((key) => still.includes(key)));
  assert.ok(still.length > held.length / 2, `${still.length} of ${held.length} are left`);
  assert.match(await page.locator('#fresh').textContent(), /^[\d,]+ new$/);
  await page.click('#fresh');
  await until(async () => (await keys(page))[0] !== held[0], 'newer posts after catching up');
  await page.mouse.move(700, 700);
  await page.mouse.wheel(0, 600);
  await page.waitForSelector('#fresh:not([hidden])');
  expectQuiet();
  await context.close();
});

test('only one track is shown where one asks for it', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  const item = page.locator('#track-list > li').first();
  const id = await item.getAttribute('data-track');
  await item.locator('.only').click();
  const others = () => page.$$eval('#feed > .post', (posts, id) => posts.filter((post) => !post.dataset.tracks.split(' ').includes(id)).length, id);
  await until(async () => (await others()) === 0, 'only posts of the track');
  await page.reload();
  await until(async () => (await others()) === 0, 'the same after a reload');
  expectQuiet();
  await context.close();
});

test('search filters, pages and marks; a post has its own page', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/search?lang=en');
  const text = await page.locator('#feed .text').first().textContent();
  const word = text.split(/[^\p{L}]+/u).find((word) => word.length > 3);
  await page.fill('#text', word);
  await page.click('button:has-text("Search")');
  await page.waitForSelector('#feed mark');
  assert.equal((await page.locator('#feed mark').first().textContent()).toLowerCase(), word.toLowerCase());
  await shoot(page, 'search');
  await page.goto('/search');
  const first = await keys(page);
  const more = page.locator('a[rel=next]');
  if (await more.count()) {
    await more.click();
    const second = await keys(page);
    assert.equal(second.filter((key) => first.includes(key)).length, 0, 'no post twice');
  }
  await page.locator('#feed .when').first().click();
  await page.waitForSelector('h2:has-text("About it")');
  await page.click('details:has(.raw) summary');
  await page.waitForSelector('pre.raw');
  expectQuiet();
  await context.close();
});

test('a track is downloaded as a folder that says what it holds', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.locator('.track-name').first().click();
  await page.selectOption('#export-format', 'csv');
  const [zip] = await Promise.all([page.waitForEvent('download'), page.click('text=Download ZIP')]);
  assert.match(zip.suggestedFilename(), /^bowerbird-track-\d+-\d{8}T\d{6}Z\.zip$/);
  const bytes = await readFile(await zip.path());
  assert.equal(bytes.toString('latin1', 0, 2), 'PK');
  for (const name of ['posts-00001.csv', 'README.md', 'manifest.json', 'SHA256SUMS']) assert.ok(bytes.includes(name), name);
  await shoot(page, 'track-export');
  expectQuiet();
  await context.close();
});

test('a track is downloaded as CSV and as JSON lines', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.locator('.track-name').first().click();
  await page.waitForSelector('#feed > .post');
  const [csv] = await Promise.all([page.waitForEvent('download'), page.click('text=Download CSV')]);
  assert.match(csv.suggestedFilename(), /^bowerbird-track-\d+\.csv$/);
  const table = await readFile(await csv.path(), 'utf8');
  assert.ok(table.startsWith('\ufeffpost,service,'), 'a byte order mark and the names of columns');
  const [jsonl] = await Promise.all([page.waitForEvent('download'), page.click('text=Download JSONL')]);
  const lines = (await readFile(await jsonl.path(), 'utf8')).trim().split('\n');
  assert.ok(lines.every((line) => typeof JSON.parse(line).id === 'string'));
  expectQuiet();
  await context.close();
});

test('the status page has counts that add up', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/status');
  const row = await page.$$eval('#counts tbody tr:last-child td', (cells) => cells.map((cell) => Number(cell.textContent.replaceAll(',', ''))));
  const [read, ...ends] = row;
  assert.ok(read > 0);
  assert.equal(read, ends.reduce((sum, count) => sum + count, 0));
  await page.waitForSelector('#sources .state.good');
  const before = read;
  await page.waitForFunction((before) => Number(document.querySelector('#counts tbody td').textContent.replaceAll(',', '')) > before, before);
  await shoot(page, 'status');
  expectQuiet();
  await context.close();
});

test('search works without scripts', async () => {
  const { context } = await openContext(house, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  assert.ok((await page.locator('#feed > .post').count()) > 0);
  await page.goto('/search');
  await page.fill('#lang', 'ja');
  await page.click('button:has-text("Search")');
  assert.ok((await page.locator('#feed > .post').count()) > 0);
  assert.deepEqual([...new Set(await page.locator('#feed .text').evaluateAll((texts) => texts.map((text) => text.lang)))], ['ja']);
  await context.close();
});
