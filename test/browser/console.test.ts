import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createClient } from '../../src/client/index.ts';
import { createApiKey, type Server } from '../../src/server/index.ts';
import { awaitApproval, pendingTags } from '../../src/tracking/index.ts';
import { freeJobs } from '../../src/workers/upkeep/free-jobs.ts';
import { openServingHarness, postJson, type ServerHarness } from '../integration/server-harness.ts';
import { findSeriousFaults, openBrowser, openPage, PAGES } from './browser.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-browser-'));
  const base = await writeTinyBase(path.join(folder, 'base'));
  ({ harness, server } = await openServingHarness(folder, { model: { base } }));
  await harness.openJobWorkers();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

async function go(page: Page, place: string, heading: string): Promise<void> {
  await page.goto(`${server.url}/${place}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

describe('each page, before there is anything to show', () => {
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
    const adCopy = page.getByRole('region', { name: 'ad copy' });
    await adCopy.getByText(/\d+ of \d+ characters/).waitFor();
    await adCopy.getByRole('button', { name: 'Accept', exact: true }).click();
    await adCopy.getByText('Noted: accepted').waitFor();
    const stored = await harness.database.db.selectFrom('feedback').select('outcome').execute();
    expect(stored).toEqual([{ outcome: 'accepted' }]);
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('checks and scores a text as one types, and takes it as edited, with a receipt of where it came from', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/studio', 'Studio');
    await page.getByRole('button', { name: 'Use an example' }).click();
    await page.getByLabel('X', { exact: true }).check();
    await page.getByRole('button', { name: 'Write copy' }).click();
    const post = page.getByRole('region', { name: 'x: text' });
    await post.getByRole('button', { name: 'Edit' }).click();
    const area = post.getByLabel('Text of x: text');
    await area.fill('Waterproof headphones for 300 days.');
    await post.getByText(/May not go out: .*300 is not in the input/).waitFor();
    await area.fill('Headphones with a battery that lasts the whole week.');
    await post.getByText(/52 of 280 characters as X counts/).waitFor();
    await post.getByText(/^score 0\.\d\d$/).waitFor();
    await post.getByRole('button', { name: 'Take the edited text' }).click();
    await post.getByText('Noted: edited').waitFor();
    await page.getByRole('link', { name: 'Receipt' }).click();
    await page.getByRole('heading', { level: 1, name: 'Receipt' }).waitFor();
    await page.getByText('was chosen by the model version').waitFor();
    await page
      .getByText(/not recorded: the version was registered without a tracking run/)
      .first()
      .waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('keeps a text as an example of a brand', async () => {
    const client = createClient({ url: server.url });
    await client.call('PUT /brands/{name}', { path: { name: 'acme' }, body: { title: 'Acme' } });
    const { page, faults } = await openPage(browser);
    await go(page, '#/studio?title=Oak+Tray&description=A+tray+of+oak.', 'Studio');
    await page.getByRole('button', { name: 'Write copy' }).click();
    const adCopy = page.getByRole('region', { name: 'ad copy' });
    await adCopy.getByText('Keep as an example').click();
    await adCopy.getByRole('button', { name: 'Keep', exact: true }).click();
    await adCopy.getByText('Kept in version 2 of acme').waitFor();
    const { brand } = await client.call('GET /brands/{name}', { path: { name: 'acme' } });
    expect(brand.profile['examples']).toMatchObject([{ field: 'ad_copy' }]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('writes by two writers beside each other, and shows what one made when the other fails', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/studio?title=Oak+Tray&description=A+tray+of+oak.', 'Studio');
    await page.getByLabel('Beside it').selectOption('module');
    await page.getByRole('button', { name: 'Write copy' }).click();
    await page
      .getByRole('region', { name: 'No copy by module' })
      .getByRole('alert')
      .getByText(/writer is "module"; the writers there are: templates/)
      .waitFor();
    const copy = page.getByRole('region', { name: 'Copy by templates' });
    await copy
      .getByRole('region', { name: 'ad copy' })
      .getByText(/\d+ of \d+ characters/)
      .waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('lets two versions choose for one product beside each other', async () => {
    const { registry } = harness.tracking;
    const { source } = await registry.getVersion('copy-quality', 1);
    const { version } = await registry.createVersion({ name: 'copy-quality', source });
    const { page, faults } = await openPage(browser);
    await go(page, '#/studio?title=Oak+Tray&description=A+tray+of+oak.', 'Studio');
    await page.getByLabel('Beside it').selectOption(String(version));
    await page.getByRole('button', { name: 'Write copy' }).click();
    await page.getByText('by version 1, written by templates').waitFor();
    await page.getByText(`by version ${version}, written by templates`).waitFor();
    expect(await page.getByRole('region', { name: 'ad copy' }).count()).toBe(2);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('stays usable with 64 alternatives of a text', async () => {
    const { page, faults } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    await page.route('**/predict', async (route) => {
      const asked = route.request().postDataJSON() as object;
      await route.continue({ postData: JSON.stringify({ ...asked, count: 64 }) });
    });
    await go(page, '#/studio', 'Studio');
    await page.getByRole('button', { name: 'Use an example' }).click();
    await page.getByRole('button', { name: 'Write copy' }).click();
    const adCopy = page.getByRole('region', { name: 'ad copy' });
    await adCopy.getByText('63 alternatives').click();
    const list = adCopy.getByRole('list');
    expect((await list.boundingBox())?.height).toBeLessThan(740);
    const last = list.getByRole('listitem').last();
    const text = await last.innerText();
    await last.getByRole('button').click();
    await expect.poll(async () => text.includes(await adCopy.locator('p.text').innerText())).toBe(true);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('copies a text where the browser keeps its clipboard from a page that came by plain HTTP', async () => {
    const { page, faults } = await openPage(browser);
    await page.addInitScript(
      `Object.defineProperty(window, 'isSecureContext', { value: false });
       Object.defineProperty(navigator, 'clipboard', { value: undefined });`,
    );
    await go(page, '#/studio?title=Oak+Tray&description=A+tray+of+oak.', 'Studio');
    await page.getByRole('button', { name: 'Write copy' }).click();
    const adCopy = page.getByRole('region', { name: 'ad copy' });
    const text = await adCopy.locator('p.text').innerText();
    await adCopy.getByRole('button', { name: /^Copy/ }).click();
    await adCopy.getByRole('button', { name: 'copied' }).waitFor();
    await page.getByLabel('Title').fill('');
    await page.getByLabel('Title').press('Control+V');
    expect(await page.getByLabel('Title').inputValue()).toBe(text);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('shows markup and very long words of a product as text', async () => {
    const { page, faults } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    await go(page, '#/studio', 'Studio');
    await page
      .getByLabel('Title')
      .fill(`Mug <img src=x onerror="document.title='owned'"> ${'W'.repeat(150)} ${'long '.repeat(155)}`);
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

/** A version that has won the gate and waits for a person, with the report that it won by. */
async function addPending(): Promise<number> {
  const { registry } = harness.tracking;
  const name = 'copy-quality';
  const { runId } = await harness.runs.startRun({ trigger: 'manual' });
  await harness.runs.cancelRun(runId);
  const scores = (model: string, accuracy: number) => ({ name: model, accuracy, logLoss: 0.4 });
  const comparison = {
    rows: 400,
    leakedRows: 0,
    gain: 0.031,
    challenger: scores('head', 0.812),
    baseline: scores('version 1', 0.781),
    bootstrap: { low: 0.012, high: 0.05, confidence: 0.95 },
    segments: [
      {
        segmentation: 'category',
        value: 'Books',
        rows: 90,
        challengerAccuracy: 0.8,
        baselineAccuracy: 0.7,
        isJudged: true,
        isWorse: false,
      },
    ],
  };
  const report = { decision: 'pending-approval', reasons: ['Every rule is met.'], comparison };
  await harness.artifacts.put(`runs/${runId}/comparison.json`, JSON.stringify({ comparison: { report } }));
  const { source } = await registry.getVersion(name, 1);
  const version = await registry.createVersion({
    name,
    source,
    pipelineRunId: runId,
    tags: pendingTags(1),
  });
  const why = { reason: 'won the gate', pipelineRunId: runId };
  await awaitApproval({ locks: harness.database.locks, registry }, version, why);
  return version.version;
}

describe('the registry', () => {
  it('shows the report of a version that waits, lets it be approved, and rolled back', async () => {
    const version = await addPending();
    const { page, faults } = await openPage(browser);
    await go(page, '', 'The loop');
    await page.getByRole('link', { name: `version ${version} asks for approval` }).click();
    await page.getByRole('heading', { level: 1, name: `copy-quality ${version}` }).waitFor();
    const figure = (of: string) => page.getByRole('listitem').filter({ hasText: of });
    await figure('Gain').getByText('+3.1 points', { exact: true }).waitFor();
    await figure('Gain').getByText('95 % interval +1.2 points to +5.0 points').waitFor();
    await figure('Held-out rows').getByText('400').waitFor();
    await page.getByText('1 segment').click();
    await page.getByRole('cell', { name: 'category: Books' }).waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    await page.getByLabel('Reason').fill('read the report');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('champion', { exact: true }).waitFor();
    await go(page, '#/registry', 'copy-quality');
    await page.getByText(`champion moved from 1 to ${version}`).waitFor();
    await page.getByLabel('Reason').fill('it writes of cats');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await page.getByText(`champion rolled back from ${version} to 1`).waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    expect((await harness.tracking.registry.findAlias('copy-quality', 'champion'))?.version).toBe(1);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('the trainings', () => {
  it('show what differs, the best value beside the last, and pinned curves over each other', async () => {
    await addTrainings('sweep', [
      ['slow <i>one</i>', { rate: '0.001', depth: '4' }, [0.5, 0.81, 0.7]],
      ['quick', { rate: '0.1', depth: '4' }, [0.6, 0.62, 0.9]],
    ]);
    const { page, faults } = await openPage(browser);
    await go(page, '#/trainings', 'Trainings');
    await page.getByLabel('Experiment').selectOption('sweep');
    await page.getByRole('columnheader', { name: 'rate' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'depth' }).count()).toBe(0);
    const slow = page.getByRole('row').filter({ hasText: 'slow <i>one</i>' });
    expect(await slow.getByRole('cell').allInnerTexts()).toEqual(
      expect.arrayContaining(['0.001', '0.7000', '0.8100']) as string[],
    );
    await page.getByLabel('Pin slow').check();
    await page.getByLabel('Pin quick').check();
    await page.locator('canvas').waitFor();
    await page.getByText('Params that differ').waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    await page.reload();
    await page.getByText('Params that differ').waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('the admin page', () => {
  it('makes a key that is shown once, revokes it, and tells where settings come from', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/admin', 'Admin');
    await page.getByLabel('Whose key').fill('shop <i>bot</i>');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByText(/clp_[a-z0-9]{8}_/).waitFor();
    await page.getByRole('button', { name: 'Revoke shop <i>bot</i>' }).click();
    await page.getByRole('button', { name: 'Revoke shop <i>bot</i>' }).waitFor({ state: 'detached' });
    await page.getByText(/^\d+ settings/).click();
    await page.getByRole('cell', { name: 'server.port', exact: true }).waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
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

describe('the catalogues', () => {
  it('take a file with two bad rows, let them be mended in place, and hand out both results', async () => {
    const { page, faults } = await openPage(browser);
    await go(page, '#/catalogues', 'Catalogues');
    const lines = [
      'Col A,Col B',
      'Mug,Keeps tea hot for an hour.',
      ',A tray of oak.',
      ',A lamp for the desk.',
    ];
    await page.locator('input[type=file]').setInputFiles({
      name: 'shop <b>.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`${lines.join('\n')}\n`),
    });
    await page
      .getByRole('alert')
      .getByText(/neither title nor description has a column/)
      .waitFor();
    await page.getByLabel('title').selectOption('Col A');
    await page.getByText(/Read as CSV/).waitFor();
    await page.getByLabel('description').selectOption('Col B');
    await page.getByText(/Read as CSV: 1 product, 2 refused/).waitFor();
    await page.getByRole('cell', { name: 'title must not be empty' }).first().waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Try the first 10' }).click();
    const sample = page.getByRole('region', { name: 'A sample' });
    await sample.getByText(/^All 1 product: at most about .*, and no tokens/).waitFor();
    await sample.getByRole('cell', { name: 'Mug', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('link', { name: 'Download the result (csv)' }).waitFor();
    // What the upkeep of a worker takes from jobs that have ended.
    const { database, artifacts } = harness;
    await freeJobs({ database, artifacts, retentionDays: 7, log: createSilentLogger() });
    await page.reload();
    await page.getByLabel('Title of line 3').fill('Oak Tray');
    await page.getByLabel('Title of line 4').fill('Desk Lamp');
    expect(await findSeriousFaults(page)).toEqual([]);
    const first = page.url();
    await page.getByRole('button', { name: 'Run the 2 mended rows' }).click();
    await page.waitForURL((url) => url.href !== first);
    await page.getByText('2 of 2 done, 0 refused').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the result (csv)' }).click();
    const text = await readFile(await (await download).path(), 'utf8');
    expect(text).toContain('Oak Tray');
    expect(text).toContain('Desk Lamp');
    expect(text).not.toContain('Mug');
    expect(faults).toEqual([]);
    await page.close();
  });
});

/** Texts of new predictions, sent to review. */
async function sendToReview(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { body } = await postJson(`${server.url}/predict`, {
      title: `Desk Lamp ${ids.length}`,
      description: 'A warm light for the desk. Dims in three steps.',
      count: 6,
    });
    const { alternatives } = body as { alternatives: Record<string, { text_id: string }[]> };
    ids.push(...(alternatives['ad_copy'] ?? []).map(({ text_id }) => text_id));
  }
  const text_ids = ids.slice(0, count);
  const { body } = await postJson(`${server.url}/texts/state`, { state: 'in_review', text_ids });
  expect(body).toMatchObject({ moved: count });
  return text_ids;
}

describe('the review', () => {
  const states = async (): Promise<Record<string, number>> => {
    const { db } = harness.database;
    const rows = await db.selectFrom('texts').select('state').execute();
    const counts: Record<string, number> = {};
    for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  };
  const clear = async (): Promise<void> => {
    await harness.database.db.deleteFrom('predictions').execute();
  };

  it('lets a reviewer clear twenty texts by keyboard alone', async () => {
    await clear();
    await sendToReview(20);
    const { page, faults } = await openPage(browser);
    await go(page, '', 'The loop');
    await page.getByText('20 texts to review').waitFor();
    await page.keyboard.press('/');
    await page.getByLabel('Go to').last().waitFor();
    await page.keyboard.type('revi');
    await page.keyboard.press('Enter');
    for (let left = 20; left > 0; left -= 1) {
      await page.getByText(`${left} to review`).waitFor();
      if (left === 20) expect(await findSeriousFaults(page)).toEqual([]);
      if (left % 5 === 0) {
        await page.keyboard.press('e');
        await page.getByLabel('The text as it should be').waitFor();
        await page.keyboard.press('End');
        await page.keyboard.type(' Today.');
        await page.keyboard.press('Control+Enter');
      } else await page.keyboard.press(left % 2 === 0 ? 'a' : 'r');
    }
    await page.getByText('Nothing waits for a person').waitFor();
    await expect.poll(states).toEqual({ approved: 12, rejected: 8 });
    const told = await harness.database.db.selectFrom('feedback').select('outcome').execute();
    expect(told.filter(({ outcome }) => outcome === 'edited')).toHaveLength(4);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('asks of two texts for one product which is better, and learns from the answer', async () => {
    await clear();
    const ids = await sendToReview(2);
    const { page, faults } = await openPage(browser);
    await go(page, '#/review', 'Review');
    const other = page.getByRole('article', { name: 'Another text for it' });
    await other.waitFor();
    expect(await findSeriousFaults(page)).toEqual([]);
    await page.keyboard.press('w');
    await page.getByText(/^Better: /).waitFor();
    await other.waitFor({ state: 'detached' });
    await page.getByText('2 to review').waitFor();
    const told = await harness.database.db.selectFrom('feedback').select(['place', 'outcome']).execute();
    expect(new Set(told.map(({ outcome }) => outcome))).toEqual(new Set(['better', 'worse']));
    expect(told).toHaveLength(ids.length);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('gives a text to somebody who reviews here', async () => {
    await clear();
    const [id = ''] = await sendToReview(1);
    await createApiKey(harness.database.db, { name: 'Maria <b>', role: 'writer' });
    await createApiKey(harness.database.db, { name: 'only looks', role: 'reader' });
    const { page, faults } = await openPage(browser);
    await go(page, '#/review', 'Review');
    const given = page.getByRole('combobox', { name: /^With/ });
    await given.getByRole('option', { name: 'Maria <b>' }).waitFor({ state: 'attached' });
    expect(await given.getByRole('option').allInnerTexts()).not.toContain('only looks');
    await given.selectOption('Maria <b>');
    await page.getByText('Given to Maria <b>').waitFor();
    const read = async () =>
      (await createClient({ url: server.url }).call('GET /texts/{text_id}', { path: { text_id: id } })).text;
    expect((await read()).assignee).toBe('Maria <b>');
    await expect.poll(() => given.inputValue()).toBe('Maria <b>');
    expect(await findSeriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('tells the second of two reviewers, and goes on with the next text', async () => {
    await clear();
    const ids = await sendToReview(2);
    const { page } = await openPage(browser);
    await go(page, '#/review', 'Review');
    await page.getByText('2 to review').waitFor();
    // The page hears nothing more: it decides on what it saw.
    await page.route('**/texts?*', (route) => route.abort());
    await postJson(`${server.url}/texts/state`, { state: 'rejected', text_ids: ids });
    await page.keyboard.press('a');
    await page
      .getByRole('alert')
      .getByText(/is rejected since .*, by local user/)
      .waitFor();
    expect(await states()).toEqual({ rejected: 2 });
    await page.close();
  });

  it('takes many above a score after a look at a sample', async () => {
    await clear();
    await sendToReview(12);
    const { page } = await openPage(browser, { viewport: { width: 360, height: 740 } });
    await go(page, '#/review', 'Review');
    await page.getByText('Take many above a score').click();
    await page.getByLabel('Score at least').fill('0');
    await page.getByRole('button', { name: 'Show a sample' }).click();
    const accept = page.getByRole('button', { name: 'Accept all 12' });
    await accept.waitFor();
    expect(
      await page
        .getByRole('listitem')
        .filter({ hasText: /^0\.\d\d / })
        .count(),
    ).toBe(5);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await accept.click();
    await page.getByText('Accepted 12').waitFor();
    expect(await states()).toEqual({ approved: 12 });
    await page.close();
  });
});

async function addTrainings(
  experiment: string,
  trainings: readonly [name: string, params: Record<string, string>, accuracies: number[]][],
): Promise<void> {
  const { experiments, runs } = createClient({ url: server.url }).mlflow;
  const experiment_id = await experiments.create(experiment);
  for (const [run_name, params, accuracies] of trainings) {
    const { info } = await runs.create({ experiment_id, run_name });
    await runs.logBatch(info.run_id, {
      params: Object.entries(params).map(([key, value]) => ({ key, value })),
      metrics: accuracies.map((value, step) => ({ key: 'validation_accuracy', value, timestamp: 1, step })),
    });
    await runs.update(info.run_id, { status: 'FINISHED', end_time: Date.now() });
  }
}

/** A run that trains on the tiny base, which takes a moment. */
async function addRun(seed: number) {
  const settings = { maxLength: 16, batchSize: 64, epochs: 3 };
  const source = { kind: 'synthetic', count: 400, seed } as const;
  const candidates = [{ name: 'head', recipe: 'head', seed, settings }];
  const { runId } = await harness.runs.startRun({ trigger: 'manual', request: { source, candidates } });
  return await vi.waitFor(async () => {
    const run = await harness.getRun(runId);
    expect(run).toMatchObject({ status: 'succeeded', error: null });
    return run;
  }, ENDS);
}

const ENDS = { timeout: 100_000, interval: 200 };

/** Two runs and what came of them, a job with a bad row: the page of each. */
async function addDetails(): Promise<typeof PAGES> {
  const client = createClient({ url: server.url });
  await harness.openWorkers();
  const [first, second] = [await addRun(1), await addRun(2)];
  const trained = second.stages.find(({ stage }) => stage === 'train-model')?.result;
  const { trackingRunId, modelUri } = trained as { trackingRunId: string; modelUri: string };
  // The gate's own where it has won.
  const { version } = await harness.tracking.registry.createVersion({
    name: 'copy-quality',
    source: modelUri,
    runId: trackingRunId,
    pipelineRunId: second.id,
  });
  const product = { title: 'Oak Tray', description: 'A tray of solid oak. Holds six cups.' };
  const { body } = await postJson(`${server.url}/predict`, { ...product, version });
  const id = await client.jobs.start({ body: 'title,description\nOak Tray,A tray of oak.\n,Bare.\n' });
  const job = await vi.waitFor(async () => {
    const now = await client.jobs.get(id);
    expect(now.status).toBe('succeeded');
    return now;
  }, ENDS);
  return [
    [`#/run/${second.id}`, `Run ${second.number}`],
    [`#/compare/${first.id}/${second.id}`, `Runs ${first.number} and ${second.number}`],
    [`#/version/copy-quality/${version}`, `copy-quality ${version}`],
    ['#/dataset/2', 'Dataset version 2'],
    ['#/diff/1/2', 'From version 1 to 2'],
    [`#/job/${id}`, `Job ${job.number}`],
    [`#/receipt/${String(body['prediction_id'])}`, 'Receipt'],
  ];
}

describe('each page, as it stands after all of the above', () => {
  /** For whoever looks at a build. */
  const PICTURES = path.join(packageRoot, 'var/screenshots');
  const looks = [
    ['light', { colorScheme: 'light', viewport: { width: 1200, height: 760 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1200, height: 760 } }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ] as const;
  let places: typeof PAGES;

  beforeAll(async () => {
    // Curves that are worth a look.
    await addTrainings('learning rate', [
      ['head, rate 1e-4', { learningRate: '1e-4' }, [0.62, 0.68, 0.71, 0.73, 0.745, 0.752, 0.757, 0.76]],
      ['head, rate 3e-4', { learningRate: '3e-4' }, [0.66, 0.73, 0.762, 0.778, 0.786, 0.79, 0.788, 0.791]],
      ['head, rate 1e-3', { learningRate: '1e-3' }, [0.7, 0.765, 0.781, 0.776, 0.769, 0.774, 0.762, 0.758]],
    ]);
    places = [...PAGES, ...(await addDetails())];
  });

  it.each(looks)('has no serious fault, fits, and is left as a picture (%s)', async (look, options) => {
    await sendToReview(6);
    await mkdir(PICTURES, { recursive: true });
    const { page, faults } = await openPage(browser, options);
    const loading = page.getByText('Loading…').filter({ visible: true });
    const found: Record<string, string[]> = {};
    const left: string[] = [];
    for (const [place, heading] of places) {
      await go(page, place, heading);
      await expect.poll(() => loading.count()).toBe(0);
      if (place === '#/studio') {
        await page.getByRole('button', { name: 'Use an example' }).click();
        await page.getByRole('button', { name: 'Write copy' }).click();
        await page
          .getByText(/\d+ of \d+ characters/)
          .first()
          .waitFor();
        const copy = page.getByRole('heading', { name: 'Copy for Premium Headphones' });
        await copy.evaluate('(heading) => heading.scrollIntoView()');
      }
      if (place === '#/trainings') {
        await page.getByLabel('Experiment').selectOption('learning rate');
        await page.getByText('head, rate 1e-3').waitFor();
        for (const pin of await page.getByLabel(/^Pin head/).all()) await pin.check();
        await page.locator('canvas').waitFor();
      }
      const file = path.join(PICTURES, `${place.split('/')[1] ?? 'home'}-${look}.png`);
      await page.mouse.move(0, 0);
      await page.screenshot({ path: file });
      left.push(file);
      // With all that a page keeps folded away.
      await page.evaluate(`for (const folded of document.querySelectorAll('details')) folded.open = true`);
      await expect.poll(() => loading.count()).toBe(0);
      const serious = look === 'phone' ? [] : await findSeriousFaults(page);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > options.viewport.width) serious.push(`is ${width} px wide`);
      if (serious.length > 0) found[place] = serious;
    }
    await page.close();
    for (const file of left) expect((await stat(file)).size).toBeGreaterThan(1000);
    expect(found).toEqual({});
    expect(faults).toEqual([]);
  });
});
