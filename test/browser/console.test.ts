import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/server/index.ts';
import { openServingHarness, type ServerHarness } from '../integration/server-harness.ts';
import { findSeriousFaults, openBrowser, openPage } from './browser.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-browser-'));
  ({ harness, server } = await openServingHarness(folder));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const PAGES: readonly [place: string, heading: string][] = [
  ['', 'The loop'],
  ['#/studio', 'Studio'],
  ['#/catalogues', 'Catalogues'],
  ['#/runs', 'Runs'],
  ['#/datasets', 'Datasets'],
  ['#/schedule', 'Schedule'],
  ['#/registry', 'copy-quality'],
  ['#/no-such-page', 'There is no such page'],
];

async function go(page: Page, place: string, heading: string): Promise<void> {
  await page.goto(`${server.url}/${place}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

describe('each page of the console', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no serious fault of accessibility in ${colorScheme}`, async () => {
      const { page, faults } = await openPage(browser, { colorScheme });
      const found: Record<string, string[]> = {};
      for (const [place, heading] of PAGES) {
        await go(page, place, heading);
        const serious = await findSeriousFaults(page);
        if (serious.length > 0) found[place] = serious;
      }
      await page.close();
      expect(found).toEqual({});
      expect(faults).toEqual([]);
    });
  }

  it('fits a phone without scrolling sideways', async () => {
    const { page } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    const tooWide: string[] = [];
    for (const [place, heading] of PAGES) {
      await go(page, place, heading);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > 360) tooWide.push(`${place}: ${width}`);
    }
    await page.close();
    expect(tooWide).toEqual([]);
  });
});

describe('the studio', () => {
  it('writes copy for a product and takes an accepted text as feedback', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/studio', 'Studio');
    await page.getByRole('button', { name: 'Use an example' }).click();
    await page.getByLabel('X', { exact: true }).check();
    await page.getByRole('button', { name: 'Write copy' }).click();
    await page.getByRole('heading', { name: 'Copy for Premium Headphones' }).waitFor();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('Noted: accepted').waitFor();
    const stored = await harness.database.db.selectFrom('feedback').select('outcome').execute();
    expect(stored).toEqual([{ outcome: 'accepted' }]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('shows markup and very long words of a product as text', async () => {
    const { page, faults } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    await go(page, '#/studio', 'Studio');
    await page
      .getByLabel('Title')
      .fill(`Mug <img src=x onerror="document.title='owned'"> ${'W'.repeat(150)}`);
    await page
      .getByLabel('Description')
      .fill('A mug that keeps tea hot. It holds half a litre. <b>Bold</b> words.');
    await page.getByRole('button', { name: 'Write copy' }).click();
    await page.getByRole('heading', { name: /^Copy for Mug/ }).waitFor();
    expect(await page.title()).toBe('Studio · copyloop');
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('the keyboard', () => {
  it('goes to a page by its first letters', async () => {
    const { page } = await openPage(browser);
    await go(page, '', 'The loop');
    await page.keyboard.press('/');
    await page.getByLabel('Go to').last().waitFor();
    await page.keyboard.type('regi');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'copy-quality' }).waitFor();
    await page.close();
  });
});
