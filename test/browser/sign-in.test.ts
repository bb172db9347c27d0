import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createApiKey, type Server } from '../../src/server/index.ts';
import { oidcOf, openProvider } from '../integration/identity-provider.ts';
import { openServerHarness, openServingHarness, type ServerHarness } from '../integration/server-harness.ts';
import { findSeriousFaults, openBrowser, openPage } from './browser.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-browser-'));
  ({ harness, server } = await openServingHarness(folder, { server: { apiKeys: 'required' } }));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

it('signs in with a key, finds a failed run with its reason, and signs out', async () => {
  await harness.openWorkers(() => ({
    'generate-data': async (_, context) => {
      context.log.warn('looked at 12 rows, none of them with a title');
      throw new AppError('bad-data', 'not one row of 12 could be used: no column is a title');
    },
  }));
  const { key } = await createApiKey(harness.database.db, { name: 'writer of copy', role: 'writer' });
  const { page, faults } = await openPage(browser);
  await page.goto(server.url);
  await page.getByLabel('API key').fill('clp_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page
    .getByRole('alert')
    .getByText(/is unknown, was revoked/)
    .waitFor();
  expect(await findSeriousFaults(page)).toEqual([]);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'The loop' }).waitFor();

  await page.getByRole('button', { name: 'Start a run' }).click();
  await page.getByRole('heading', { level: 1, name: 'Run 1' }).waitFor();
  await page.getByText('not one row of 12 could be used').first().waitFor();
  expect(await findSeriousFaults(page)).toEqual([]);

  await page.goto(`${server.url}/#/runs?status=failed`);
  await page.getByRole('link', { name: '1', exact: true }).click();
  await page.getByText('looked at 12 rows, none of them with a title').waitFor();
  await page.getByRole('button', { name: 'from here' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Run 2' }).waitFor();

  await page.getByRole('button', { name: 'sign out' }).click();
  await page.getByLabel('API key').waitFor();
  expect(faults).toEqual([]);
  await page.close();
});

it('asks for a key over the page when a sign-in has ended, keeps what was typed and goes on with it', async () => {
  const { db } = harness.database;
  const { key } = await createApiKey(db, { name: 'night shift', role: 'writer' });
  const { page, faults } = await openPage(browser);
  await page.goto(`${server.url}/#/studio`);
  const signIn = async (): Promise<void> => {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn();
  await page.getByLabel('Title').fill('Oak Tray');
  await page.getByLabel('Description').fill('A tray of oak, wide enough for eight cups.');
  await page.context().clearCookies();
  // Whatever the page still loads may have asked for the sign-in already, which then lies over the button.
  await page.locator('button', { hasText: 'Write copy' }).dispatchEvent('click');
  const dialog = page.getByRole('dialog', { name: 'Your sign-in has ended' });
  await dialog.waitFor();
  expect(await findSeriousFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await dialog.isVisible()).toBe(true);
  await signIn();
  await page.getByRole('heading', { name: 'Copy for Oak Tray' }).waitFor();
  expect(await page.getByLabel('Title').inputValue()).toBe('Oak Tray');
  await dialog.waitFor({ state: 'detached' });
  expect(faults).toEqual([]);
  await page.close();
});

it('signs in with the organisation: there and back, with the role of its groups, and out again', async () => {
  const provider = await openProvider();
  provider.person = { sub: 'u1', email: 'ada@example.com', groups: ['copy'] };
  const settings = { apiKeys: 'required', oidc: oidcOf(provider) } as const;
  const signedOn = await openServerHarness({ server: settings });
  const { page, faults } = await openPage(browser);
  try {
    await page.goto((await signedOn.openServer()).url);
    expect(await findSeriousFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
    await page.getByText('ada@example.com (writer)').waitFor();
    await page.getByRole('heading', { level: 1, name: 'The loop' }).waitFor();
    await page.getByRole('button', { name: 'sign out' }).click();
    await page.getByRole('link', { name: 'Sign in with your organisation' }).waitFor();
    expect(faults).toEqual([]);
  } finally {
    await page.close();
    await signedOn.close();
    await new Promise((resolve) => provider.http.close(resolve));
  }
});
