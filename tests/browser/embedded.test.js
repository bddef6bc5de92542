// Posts inside posts: what they say is on the card with what matched in it, and leaves it when it is deleted, also while the page is open.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectToFit, openContext, shoot, until, useTold } from './harness.js';

const house = useTold();

const PEOPLE = {
  ann: { id_str: '1', screen_name: 'ann', name: 'Ann Finch', description: 'I count herons' },
  bob: { id_str: '2', screen_name: 'bob', name: 'Bob', description: '' },
  eve: { id_str: '3', screen_name: 'eve', name: 'Eve with a rather long name for such a small card', description: '' },
};
const status = (id, who, text, more = {}) => ({
  id_str: id,
  created_at: 'Sat Nov 21 08:15:30 +0000 2026',
  text,
  lang: 'en',
  user: PEOPLE[who],
  entities: { urls: [], hashtags: [], user_mentions: [] },
  ...more,
});
const quote = (id, who, text, quoted) => status(id, who, text, { is_quote_status: true, quoted_status_id_str: quoted.id_str, quoted_status: quoted });
const retweet = (id, who, text, original) => status(id, who, text, { retweeted_status: original });
const LONG = 'A very long post about nothing in particular. '.repeat(40);

const posts = [
  quote('102', 'bob', 'Look who is back at the pond!', status('101', 'ann', 'größte Freude: a kingfisher by the old bridge')),
  quote('104', 'bob', 'I read all of this.', status('103', 'eve', LONG)),
  retweet('106', 'bob', 'RT @eve: This morning, long before anybody was up, we walked down to the river and there it…', status('105', 'eve', 'This morning, long before anybody was up, we walked down to the river and there it was: a kingfisher.')),
  status('107', 'ann', 'Good morning.'),
  retweet('109', 'bob', 'said in full', status('108', 'eve', 'said in full')),
];

const card = (page, id) => page.locator(`#feed > .post[data-key="x/${id}"]`);
const inside = (page, id) => card(page, id).locator('.embedded');

async function counted(context, kept) {
  const read = async () => (await (await context.request.get('/api/v1/counts')).json()).total;
  await until(async () => (await read()).kept >= kept, `${kept} being kept`);
}

test('what is quoted stands on the card, with what matched in it', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  for (const [name, rule] of Object.entries({ Kingfishers: 'kingfisher', Herons: 'bio:herons' })) {
    await page.fill('#new-rule', rule);
    await page.fill('#new-name', name);
    await page.click('#new-track-form button[type=submit]');
    await page.waitForSelector(`#track-list .track-name:has-text("${name}")`);
  }
  await page.waitForSelector('#connection[data-state="open"]');
  house.tell(...posts);
  await inside(page, '102').waitFor();
  assert.equal(await inside(page, '102').locator('mark').textContent(), 'kingfisher');
  assert.equal(await inside(page, '102').locator('.handle').textContent(), '@ann');
  assert.equal(await card(page, '102').locator('> .context').count(), 0, 'the block says whom it quotes');
  assert.equal(await inside(page, '106').locator('mark').textContent(), 'kingfisher', 'the uncut original');
  assert.equal(await inside(page, '109').count(), 0, 'a repost that says all');
  assert.equal(await card(page, '107').locator('.matched-in').textContent(), "Matched in the author's bio");
  const [shown, whole] = await inside(page, '104').locator('.embedded-text').evaluate((text) => [text.clientHeight, text.scrollHeight]);
  assert.ok(shown < whole, 'a long text is cut short');
  await counted(context, posts.length);
  expectQuiet();
  await context.close();
});

test('kept posts show the same, and scripts build what the server writes', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  for (const id of ['102', '104', '106', '107', '109']) {
    const [written, built] = await page.evaluate(async (id) => {
      const html = await (await fetch(`/posts/x/${id}`)).text();
      const written = new DOMParser().parseFromString(html, 'text/html').querySelector('article.post');
      const post = await (await fetch(`/api/v1/posts/x/${id}`)).json();
      const { postElement } = await import('/assets/post.js');
      const { tracks } = await (await fetch('/api/v1/tracks')).json();
      const built = postElement(post, new Map(tracks.map((track) => [track.id, track.name])));
      // Marks are made for a page, and moments stand in another zone.
      const plain = (article) => {
        article.querySelectorAll('mark').forEach((mark) => mark.replaceWith(mark.textContent));
        article.querySelectorAll('.matched-in').forEach((said) => said.remove());
        article.querySelectorAll('time').forEach((time) => time.replaceChildren());
        article.querySelectorAll('time').forEach((time) => time.removeAttribute('title'));
        article.normalize();
        const shape = (node) => {
          if (node.nodeType === Node.TEXT_NODE) return node.data;
          const attributes = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort();
          return [node.localName, attributes, [...node.childNodes].map(shape)];
        };
        return JSON.stringify(shape(article));
      };
      return [plain(written), plain(built)];
    }, id);
    assert.equal(built, written);
  }
  await page.locator('.track-name:has-text("Kingfishers")').click();
  await page.waitForSelector('h2:has-text("Caught posts")');
  assert.equal(await inside(page, '102').locator('mark').textContent(), 'kingfisher');
  assert.equal(await inside(page, '106').locator('mark').textContent(), 'kingfisher');
  await page.goto('/posts/x/107');
  assert.equal(await page.locator('.matched-in').textContent(), "Matched in the author's bio", 'read from the bytes');
  await page.goto('/search?text=pond');
  assert.equal(await card(page, '102').locator('> .text mark').textContent(), 'pond');
  expectQuiet();
  await context.close();
});

for (const [name, options] of Object.entries({
  'embedded-light': {},
  'embedded-dark': { colorScheme: 'dark' },
  'embedded-narrow': { viewport: { width: 360, height: 900 } },
})) {
  test(`cards with posts inside fit: ${name}`, async () => {
    const { context, expectQuiet } = await openContext(house, options);
    const page = await context.newPage();
    await page.goto('/');
    await inside(page, '102').scrollIntoViewIfNeeded();
    await expectToFit(page);
    await shoot(page, name);
    expectQuiet();
    await context.close();
  });
}

test('what is deleted leaves the open page, from within other posts too', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#connection[data-state="open"]');
  await inside(page, '102').locator('mark').waitFor();
  house.tell({ delete: { status: { id: 101, id_str: '101', user_id: 1, user_id_str: '1' } } });
  await inside(page, '102').locator('.gone').waitFor();
  assert.equal(await inside(page, '102').textContent(), 'The quoted post was deleted; its text is gone.');
  assert.equal(await card(page, '102').count(), 1, 'what quotes it stays');
  house.tell({ delete: { status: { id: 108, id_str: '108', user_id: 3, user_id_str: '3' } } });
  await card(page, '109').waitFor({ state: 'detached' });
  await counted(context, posts.length + 2);
  await page.goto('/');
  assert.equal(await card(page, '102').locator('> .context').textContent(), '❝ Quotes @ann', 'opened anew, the page knows of it by name alone');
  await page.goto('/posts/x/102');
  assert.equal(await inside(page, '102').textContent(), 'The quoted post was deleted; its text is gone.');
  expectQuiet();
  await context.close();
});

test('an account that is gone takes all of its cards along', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.waitForSelector('#connection[data-state="open"]');
  house.tell(quote('111', 'bob', 'Once more!', status('110', 'eve', 'a kingfisher, again')), status('112', 'eve', 'kingfishers everywhere'));
  await inside(page, '111').locator('mark').waitFor();
  await card(page, '112').waitFor();
  const other = await context.newPage();
  await other.goto('/');
  await card(other, '112').waitFor();
  house.tell({ data: { user_delete: { user: { id: '3' }, event_at: '2026-11-21T09:00:00.000Z' } } });
  for (const open of [page, other]) {
    await card(open, '112').waitFor({ state: 'detached' });
    await inside(open, '111').locator('.gone').waitFor();
    assert.equal(await card(open, '106').count(), 0, 'a repost of its post');
  }
  await shoot(page, 'embedded-gone');
  expectQuiet();
  await context.close();
});
