// The plan: how tracks share the rules at X, who goes without, and what a change would do before it is saved.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectToFit, openContext, shoot, until } from './harness.js';
import { useX } from './x.js';

const SLOTS = 4;
const { house, rules } = useX({ settings: `max_rules = ${SLOTS}`, rules: [{ id: '1', value: 'from:somebody', tag: 'somebody else' }] });

/** A rule of about so many characters that shares nothing with another. */
const long = (word, chars) => Array.from({ length: chars / 12 }, (_, n) => `${word}${n}`.padEnd(8, 'x')).join(' OR ');

test('an empty plan says so', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/status');
  await page.click('a:has-text("the plan")');
  await page.waitForSelector('.plan-summary:has-text("X has what the tracks need; 1 of 4 slots.")');
  await page.waitForSelector('.empty:has-text("No track asks X for anything now.")');
  await shoot(page, 'plan-empty');
  expectQuiet();
  await context.close();
});

test('it shows slots, shares and who goes without, light and dark, wide and narrow', async () => {
  house.command('track', 'add', 'Storms', '(storm OR 台風) -is:retweet', '--priority', '5');
  house.command('track', 'add', 'Birds', 'kingfisher OR "barn owl" OR #birds');
  house.command('track', 'add', 'Kingfishers', 'kingfisher lang:en');
  for (const name of ['ant', 'bee', 'cat', 'dog']) house.command('track', 'add', `Long ${name}`, long(name, 900));
  await until(() => rules.length === SLOTS, 'rules at X');
  for (const [name, options] of [
    ['plan', {}],
    ['plan-dark', { colorScheme: 'dark' }],
    ['plan-narrow', { viewport: { width: 360, height: 800 } }],
  ]) {
    const { context, expectQuiet } = await openContext(house, options);
    const page = await context.newPage();
    await until(async () => {
      await page.goto('/plan');
      return page.locator('.plan-summary:has-text("X has what the tracks need; 4 of 4 slots.")').count();
    }, 'the rules to stand');
    assert.equal(await page.locator('section[aria-labelledby="left-out-x"] tbody tr').count(), 1);
    await page.waitForSelector('td:has-text("to make room, pause or narrow")');
    await page.click('summary:has-text("The rules themselves")');
    await expectToFit(page);
    await shoot(page, name, { fullPage: true });
    expectQuiet();
    await context.close();
  }
});

test('what a rule would change at X is said while it is typed, and on a page of its own', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.fill('#new-rule', 'owl');
  await page.waitForSelector('.rule-says .plan:has-text("This would add 1 rule and remove 1 at X; 4 of 4 slots.")');
  await page.fill('#new-rule', 'heron');
  await page.click('button:has-text("What would change at X?")');
  await page.waitForSelector('.done:has-text("Nothing is saved yet")');
  await page.waitForSelector('.diff .new:has-text("heron")');
  await shoot(page, 'plan-tried', { fullPage: true });

  await page.goto('/');
  await page.click('.track-name:has-text("Storms")');
  await page.waitForSelector('.rule-says .plan:has-text("This would add 0 rules and remove 0 at X")');
  await page.fill('#priority', '-100');
  await page.fill('#rule', 'storm');
  await shoot(page, 'plan-form');
  await page.click('#track-form button:has-text("What would change at X?")');
  await page.waitForSelector('strong:has-text("Storms")');
  assert.equal(await page.locator('.done code').textContent(), 'storm');
  const row = page.locator('tr', { has: page.locator('th a:has-text("Storms")') });
  assert.ok((await row.allTextContents()).some((text) => text.includes('-100')), 'with its new priority');
  expectQuiet();
  await context.close();
});
