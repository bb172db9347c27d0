/** A real Chromium, the one that the system has. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @throws Error where there is none: these tests are asked for by name */
export async function openBrowser(): Promise<Browser> {
  const executablePath = PLACES.find((place) => existsSync(place));
  if (executablePath === undefined)
    throw new Error(`no Chromium at ${PLACES.join(', ')}: install it (apt-get install chromium)`);
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page that remembers what went wrong in it: errors, and requests that the content policy refused. */
export async function openPage(
  browser: Browser,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage(options);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /content security/i.test(message.text())) faults.push(message.text());
  });
  return { page, faults };
}

interface Violation {
  id: string;
  impact: string | null;
  nodes: { target: unknown }[];
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core holds serious or critical on the page as it stands: `color-contrast: #main > p`. */
export async function findSeriousFaults(page: Page): Promise<string[]> {
  // Past the content policy, which refuses a script that the page did not bring: the page is looked at, not
  // changed.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const violations = (await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes })))`,
  )) as Violation[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`);
}

/** Every page that needs no id, with its heading. */
export const PAGES: readonly [place: string, heading: string][] = [
  ['', 'The loop'],
  ['#/studio', 'Studio'],
  ['#/review', 'Review'],
  ['#/brands', 'Brands'],
  ['#/catalogues', 'Catalogues'],
  ['#/runs', 'Runs'],
  ['#/datasets', 'Datasets'],
  ['#/trainings', 'Trainings'],
  ['#/serving', 'Serving'],
  ['#/learning', 'Learning'],
  ['#/schedule', 'Schedule'],
  ['#/admin', 'Admin'],
  ['#/registry', 'copy-quality'],
  ['#/no-such-page', 'There is no such page'],
];
