/** What people steer, and values that are larger or nastier than one thinks of. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createDatasetVersion, ingestRecords } from '../../src/data/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openServerHarness, type ServerHarness } from '../integration/server-harness.ts';
import { findSeriousFaults, openBrowser, openPage } from './browser.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-steering-'));
  harness = await openServerHarness();
  server = await harness.openServer();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

async function go(page: Page, place: string, heading: string | RegExp): Promise<void> {
  await page.goto(`${server.url}/${place}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

const widthOf = async (page: Page): Promise<number> =>
  await page.evaluate<number>('document.documentElement.scrollWidth');

/** A run that was cancelled, with what its stages may have left. */
async function addRun(
  request: object,
  { stages = [], error }: { stages?: readonly [string, string, object][]; error?: string } = {},
): Promise<string> {
  const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
  await harness.runs.cancelRun(runId);
  const { db } = harness.database;
  for (const [stage, candidate, result] of stages)
    await sql`INSERT INTO stage_states (run_id, stage, candidate, status, result, worker_id, finished_at)
      VALUES (${runId}, ${stage}, ${candidate}, 'succeeded', ${JSON.stringify(result)}::jsonb, 'w', now())`.execute(
      db,
    );
  if (error !== undefined)
    await sql`UPDATE pipeline_runs SET status = 'failed',
      error = ${JSON.stringify({ code: 'bad-data', message: error })}::jsonb WHERE id = ${runId}`.execute(db);
  return runId;
}

const RTL = '\u202egnp.exe\u202c \u05d0\u05d1\u05d2';
const HOSTILE = `<img src=x onerror="document.title='owned'"> ${RTL} `;

describe('the runs', () => {
  it('are filtered in the address, compared by two and replayed by many, each with its answer', async () => {
    const first = await addRun(
      { source: { kind: 'synthetic', count: 100 }, recipes: ['head'] },
      { stages: [['register-model', '', { decision: 'refuse', reasons: [], modelVersion: null }]] },
    );
    await addRun({ source: { kind: 'synthetic', count: 200 }, recipes: ['full'] });
    const { page, faults } = await openPage(browser);
    await go(page, '#/runs', 'Runs');
    await page.getByText('refused').waitFor();
    await page.getByLabel('Choose run 1').check();
    await page.getByLabel('Choose run 2').check();
    await page.getByRole('link', { name: 'Compare the two' }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs 1 and 2' }).waitFor();
    const count = page.getByRole('row').filter({ hasText: 'data.source.count' });
    expect(await count.getByRole('cell').allInnerTexts()).toEqual(['data.source.count', '100', '200']);
    expect(await findSeriousFaults(page)).toEqual([]);

    await go(page, '#/runs', 'Runs');
    await page.getByLabel('Recipe').fill('full');
    await page.getByLabel('Recipe').press('Enter');
    await page.waitForURL(/recipe=full/);
    await page.getByText('1 in all').waitFor();
    await page.goto(`${server.url}/#/run/${first}`);
    await page.getByRole('row').filter({ hasText: 'data.source.count' }).waitFor();
    await page.getByText('Replay with changes').click();
    await page.getByLabel('Other options, as JSON').fill('{"source": {"count": 0}}');
    await page.getByRole('button', { name: 'Replay', exact: true }).last().click();
    await page.getByRole('alert').getByText(/count/).waitFor();

    await go(page, '#/runs', 'Runs');
    await page.getByLabel('Choose run 1').check();
    await page.getByLabel('Choose run 2').check();
    await page.getByRole('button', { name: 'Replay 2' }).click();
    await page.getByText(/Run [12]: replayed as/).waitFor();
    await page.getByText(/Run [12]: .*is active/).waitFor();
    const [active] = await harness.database.db
      .selectFrom('pipeline_runs')
      .select('id')
      .where('status', '=', 'active')
      .execute();
    await harness.runs.cancelRun(active?.id ?? '');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('say why a stage was not done again', async () => {
    const skipped = `${HOSTILE} the records are those of dataset version 1`;
    const id = await addRun({}, { stages: [['version-data', '', { datasetVersion: 1, skipped }]] });
    const { page, faults } = await openPage(browser);
    await go(page, `#/run/${id}`, /^Run /);
    await page.getByText(/^skipped: <img src=x .* are those of dataset version 1$/).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it('stay usable with 200 candidates, an error of 10,000 characters and markup in it', async () => {
    const candidates = Array.from({ length: 200 }, (_, index) => ({ name: `c-${index}`, recipe: 'head' }));
    const error = (HOSTILE + 'W'.repeat(500)).repeat(20).slice(0, 10_000);
    const id = await addRun(
      { candidates },
      { stages: candidates.map(({ name }) => ['train-model', name, {}]), error },
    );
    const { page, faults } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    await go(page, `#/run/${id}`, /^Run /);
    await page.getByText('c-199').first().waitFor();
    expect(await widthOf(page)).toBeLessThanOrEqual(360);
    expect(await findSeriousFaults(page)).toEqual([]);
    await go(page, '#/runs', 'Runs');
    await page.getByText('<img src=x').first().waitFor();
    expect(await widthOf(page)).toBeLessThanOrEqual(360);
    await go(page, '', 'The loop');
    await page.getByRole('alert').getByText('<img src=x').waitFor();
    expect(await widthOf(page)).toBeLessThanOrEqual(360);
    expect(await page.title()).toBe('Home · copyloop');
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('the datasets', () => {
  it('show how one version differs from another, row by row, and one of a million rows', async () => {
    const { database, artifacts } = harness;
    const make = async (seed: number, runId: string) => {
      const raw = await ingestRecords(
        {
          source: {
            kind: 'synthetic',
            count: 60,
            seed,
            path: null,
            url: null,
            timeoutMs: 1000,
            maxBytes: 1e6,
          },
          map: {},
          label: { threshold: 3.5, column: null },
          refusedKept: 10,
        },
        { store: artifacts, keyPrefix: `runs/${runId}/raw` },
      );
      const { split, drift } = harness.config.data;
      const options = { split, joinParent: false, drift };
      const context = {
        db: database.db,
        store: artifacts,
        workDir: path.join(folder, runId),
        clock: systemClock,
      };
      return await createDatasetVersion({ runId, raw, options }, context);
    };
    const [one, two] = [await make(1, await addRun({})), await make(2, await addRun({}))];
    const { page, faults } = await openPage(browser);
    await go(page, `#/diff/${one.version}/${two.version}`, `From version ${one.version} to ${two.version}`);
    await page.getByText(/\d+ rows stayed/).waitFor();
    await page.getByRole('table', { name: 'Rows that differ' }).getByText('added').first().waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    await sql`UPDATE dataset_versions SET row_count = 1000000 WHERE version = ${two.version}`.execute(
      database.db,
    );
    await go(page, '#/datasets', 'Datasets');
    await page.getByRole('cell', { name: '1,000,000' }).waitFor();
    await go(page, `#/dataset/${two.version}`, `Dataset version ${two.version}`);
    await page.getByRole('listitem').filter({ hasText: 'Rows' }).getByText('1,000,000').waitFor();
    await page.getByText('What its checks found').click();
    await page.getByText('Nothing is held against its rows.').waitFor();
    await page.getByRole('table').waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('the brands', () => {
  it('are described as YAML in versions, with what changed and why something cannot be', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/brands', 'Brands');
    await page.getByLabel('New brand').fill('acme');
    await page.getByRole('button', { name: 'Describe it' }).click();
    const profile = page.getByLabel('Profile, as YAML');
    await profile.fill('title: Acme <b>\nmaxEmoji: many\n');
    await page.getByRole('button', { name: 'Set it' }).click();
    await page
      .getByRole('alert')
      .getByText(/maxEmoji/)
      .waitFor();
    await profile.fill('title: Acme <b>\nmaxEmoji: 0\n');
    await page.getByRole('button', { name: 'Set it' }).click();
    await page.getByRole('heading', { level: 1, name: 'Acme <b>' }).waitFor();
    await profile.fill('title: Acme <b>\nmaxEmoji: 2\n');
    await page.getByRole('button', { name: 'Set a new version' }).click();
    const changed = page.getByRole('table', { name: 'Changes of acme' });
    await changed.waitFor();
    expect(await changed.getByRole('cell').allInnerTexts()).toEqual(['maxEmoji', '0', '2']);
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('an admin', () => {
  it('finds in the audit log who did what, examines the server and tries another schedule', async () => {
    await fetch(`${server.url}/brands/${'w'.repeat(60)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: HOSTILE }),
    });
    const { page, faults } = await openPage(browser);
    await go(page, '#/admin', 'Admin');
    const log = page.getByRole('region', { name: 'Audit log' });
    await log.getByLabel('object').fill('www');
    await log.getByLabel('object').press('Enter');
    await log.getByRole('cell', { name: /w{60}/ }).first().waitFor();
    const download = page.waitForEvent('download');
    await log.getByRole('button', { name: 'Download all of it' }).click();
    expect((await download).suggestedFilename()).toBe('audit.csv');
    await page.getByRole('button', { name: 'Examine this server' }).click();
    await page.getByText(/copyloop doctor examines/).waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);

    await go(page, '#/schedule', 'Schedule');
    await page.getByText('Try another pattern').click();
    await page.getByLabel('Pattern').fill('0 6 * * 1');
    await page.getByRole('button', { name: 'Show its next runs' }).click();
    expect(await page.getByRole('status').getByRole('listitem').allInnerTexts()).toHaveLength(5);
    await page.getByLabel('Pattern').fill('often');
    await page.getByRole('button', { name: 'Show its next runs' }).click();
    await page.getByRole('alert').waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('home', () => {
  it('shows what the gate has said last, though a later run was cancelled', async () => {
    const judged = await addRun(
      {},
      { stages: [['register-model', '', { decision: 'refuse', reasons: [], modelVersion: null }]] },
    );
    await addRun({});
    const { number } = await harness.getRun(judged);
    const { page, faults } = await openPage(browser);
    await go(page, '', 'The loop');
    const gate = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('link', { name: 'Gate', exact: true }) });
    await gate.getByText('refused').waitFor();
    await gate.getByRole('link', { name: `run ${number}`, exact: true }).waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('asks for the run alone while one goes on, once a second however much is told, over one stream', async () => {
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const { page } = await openPage(browser);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await go(page, '', 'The loop');
    await page.getByText('Running now').waitFor();
    const opened = asked.length;
    const beganMs = Date.now();
    const { db } = harness.database;
    while (Date.now() < beganMs + 4000)
      await sql`UPDATE pipeline_runs SET losses = losses WHERE id = ${runId}`.execute(db);
    const since = asked.slice(opened);
    await harness.runs.cancelRun(runId);
    const seconds = Math.ceil((Date.now() - beganMs) / 1000);
    expect(since).toContain(`/runs/${runId}`);
    expect(since.filter((path) => path.startsWith('/runs')).length).toBeLessThanOrEqual(seconds + 1);
    expect(asked.filter((path) => path === '/events')).toHaveLength(1);
    await page.close();
  });
});

describe('a page', () => {
  it('says when the server does not answer, keeps what it heard, and recovers by itself', async () => {
    const { page } = await openPage(browser);
    await go(page, '#/runs', 'Runs');
    await page.getByText(/\d in all/).waitFor();
    await page.route('**/runs?*', (route) => route.abort());
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await page.getByText(/has not answered since/).waitFor();
    await page.getByRole('row').nth(1).waitFor();
    await page.unroute('**/runs?*');
    await page.getByText(/has not answered since/).waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'active' }).waitFor();
    await harness.runs.cancelRun(runId);
    await page.close();
  });
});
