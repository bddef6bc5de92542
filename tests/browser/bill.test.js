// The bill: what was spent and for whom, a budget that runs out, and what a rule would cost before it is saved.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectToFit, openContext, shoot, until } from './harness.js';
import { useX } from './x.js';

const x = useX({ settings: 'budget = { month = 1 }' });
const { house } = x;

test('what is delivered is charged, shared and shown, and a spent budget is said', async () => {
  house.command('track', 'add', 'Birds <b>', 'kingfisher', '--budget', '0.01/total');
  house.command('track', 'add', 'Ponds', 'pond');
  await until(() => x.rules.length > 0 && x.streams() > 0, 'a stream with rules');
  x.deliver('1', 'a kingfisher at the pond');
  x.deliver('2', 'a kingfisher');
  x.deliver('3', 'nothing of ours');
  x.deliver('4', 'a kingfisher again');
  await until(() => x.rules.every((rule) => !rule.value.includes('kingfisher')), 'the rule to be withdrawn');
  for (const [name, options] of [
    ['bill', {}],
    ['bill-dark', { colorScheme: 'dark' }],
    ['bill-narrow', { viewport: { width: 360, height: 800 } }],
  ]) {
    const { context, expectQuiet } = await openContext(house, options);
    const page = await context.newPage();
    await page.goto('/status');
    await page.click('a:has-text("the bill")');
    await page.waitForSelector('dd:has-text("$0.02")');
    const rows = page.locator('section[aria-labelledby="tracks-h"] tbody tr');
    const birds = await rows.filter({ hasText: 'Birds <b>' }).textContent();
    assert.ok(birds.includes('$0.0125') && birds.includes('its budget of $0.01 in all is spent'), birds);
    const nobody = await page.locator('tr', { hasText: 'No track' }).textContent();
    assert.ok(nobody.includes('$0.005'), nobody);
    await expectToFit(page);
    await shoot(page, name, { fullPage: true });
    expectQuiet();
    await context.close();
  }
});

test('a rule says what it would cost, and X is asked when a person says so', async () => {
  x.counted.push({ start: '2026-11-14T00:00:00Z', end: '2026-11-15T00:00:00Z', tweet_count: 1200 });
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await page.goto('/');
  await page.fill('#new-rule', 'heron');
  await page.waitForSelector('.cost:has-text("each post costs $0.005")');
  await page.click('button:has-text("Ask x ($0.005)")');
  await page.waitForSelector('.cost:has-text("1,200 posts and $6.00 a day: 1,200 posts in the last 1 days. Asking cost $0.005.")');
  await shoot(page, 'bill-asked');
  await page.goto('/bill');
  await page.waitForSelector('tr:has-text("Questions for counts"):has-text("$0.005")');
  expectQuiet();
  await context.close();
});
