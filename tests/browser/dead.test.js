// What could not be handled is seen, tried again and dropped on the status page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openContext, shoot, until, useReplay } from './harness.js';

const house = useReplay('{"id": 1, "text": \n{"id": 2, "text"\n');

test('dead letters are seen, tried again and dropped', async () => {
  const { context, expectQuiet } = await openContext(house);
  const page = await context.newPage();
  await until(async () => (await (await context.request.get('/api/v1/counts')).json()).total.refused === 2, 'two being refused');
  await page.goto('/status');
  assert.equal(await page.locator('#dead tbody tr').count(), 2);
  await shoot(page, 'dead-letters');
  await page.locator('#dead input[type=checkbox]').first().check();
  await page.click('button:has-text("Try the chosen again")');
  await page.waitForSelector('.done:has-text("0 went through, 1 did not")');
  await page.click('button:has-text("Choose all on this page")');
  await page.click('button:has-text("Drop the chosen for good")');
  await page.waitForSelector('.done:has-text("2 dead letters dropped")');
  assert.equal(await page.locator('#dead tbody tr').count(), 0);
  expectQuiet();
  await context.close();
});
