/**
 * What a version would have earned: over a log in PostgreSQL, with scorers that prefer what the test says.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHexId } from '../../src/core/ids.ts';
import { createRandom } from '../../src/core/random.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Database } from '../../src/db/index.ts';
import { expectAccuracy, summarizeRewards } from '../../src/data/index.ts';
import { judgeVersion, type Judged } from '../../src/serving/index.ts';
import { compareValues } from '../../src/workers/stages/compare-values.ts';
import { openTestDatabase } from './databases.ts';
import { copyTinyModels } from './shared-models.ts';

const RATES = [0.02, 0.04, 0.08];
const IMPRESSIONS = 500;

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(() => sql`TRUNCATE predictions, revenue_currencies CASCADE`.execute(database.db));

interface Draws {
  field?: string;
  policy?: string | null;
  propensities?: readonly number[];
  clicks?: (drawn: number) => number;
  currency?: string;
  at?: Date;
}

/** Predictions of three texts, of which one was drawn and counted. */
async function addDraws(count: number, draws: Draws = {}): Promise<void> {
  const { field = 'ad_copy', policy = 'explore', propensities = [0.5, 0.3, 0.2], at = new Date() } = draws;
  const random = createRandom(count);
  const rows = Array.from({ length: count }, (_, i) => {
    const u = random.next();
    const drawn =
      u < (propensities[0] ?? 0) ? 0 : u < (propensities[0] ?? 0) + (propensities[1] ?? 0) ? 1 : 2;
    const texts = [drawn, ...[0, 1, 2].filter((text) => text !== drawn)].map((text) => ({
      text: `text ${text}`,
      score: 0.5 - text / 10,
      ...(policy === 'explore' && { propensity: propensities[text] }),
    }));
    return {
      id: createHexId(),
      created_at: new Date(at.getTime() + i),
      title: `Lamp ${i}`,
      response: { ...(policy !== null && { policy }), alternatives: { [field]: texts } },
      clicks: draws.clicks?.(drawn) ?? binomial(random, IMPRESSIONS, RATES[drawn] ?? 0),
    };
  });
  await database.db
    .insertInto('predictions')
    .values(
      rows.map(({ id, created_at, title, response }) => ({
        id,
        created_at,
        title,
        response: JSON.stringify(response),
        request: '{}',
        description: '',
        copy_text: '',
        confidence_score: 0.5,
        model_name: 'copy',
        model_version: 1,
        writer: 'templates',
        request_id: '',
      })),
    )
    .execute();
  await database.db
    .insertInto('feedback')
    .values(
      rows.map(({ id, clicks }) => ({
        prediction_id: id,
        field,
        outcome: null,
        edited_text: null,
        rating: null,
        source: 'ads',
        day: '2026-01-02',
        impressions: IMPRESSIONS,
        clicks,
        conversions: null,
        revenue: draws.currency === undefined ? null : clicks / 2,
        currency: draws.currency ?? null,
        dataset_version: null,
      })),
    )
    .execute();
  if (draws.currency !== undefined)
    await database.db.insertInto('revenue_currencies').values({ field, currency: draws.currency }).execute();
}

function binomial(random: { chance(p: number): boolean }, trials: number, rate: number): number {
  let hits = 0;
  for (let i = 0; i < trials; i += 1) hits += random.chance(rate) ? 1 : 0;
  return hits;
}

/** Scores the text of that number highest. */
const prefers = (text: number, version: number | null = null): Judged => ({
  version,
  score: (texts) => Promise.resolve(texts.map((one) => (one.endsWith(`text ${text}`) ? 0.9 : 0.1))),
});
const judge = (options: object = {}, version = prefers(2), champion = prefers(0)) =>
  judgeVersion(
    database.db,
    { modelName: 'copy', reward: 'clicks', ...options },
    { version, champion, limit: 5000 },
  );

describe('the value of a version', () => {
  it('is about the rate of the texts that it would have chosen, and so is the champion’s', async () => {
    await addDraws(1500);
    const { value, because, log } = await judge();
    expect(because).toBeNull();
    expect(log).toEqual({ drawn: 1500, heldBack: 0, certain: 0 });
    for (const estimate of ['ips', 'snips', 'dr'] as const) {
      expect(value?.version[estimate]).toBeGreaterThan(0.06);
      expect(value?.version[estimate]).toBeLessThan(0.1);
    }
    expect(value?.champion.dr).toBeLessThan(0.03);
    expect(value?.version.interval.low).toBeLessThan(0.08);
    expect(value?.version.interval.high).toBeGreaterThan(0.08);
    expect(value?.version.effectiveSize).toBeLessThan(1500);
    expect(value?.gain.low).toBeGreaterThan(0);
    expect(value?.gain.difference).toBeCloseTo(0.06, 1);
  });

  it('is of what the log says without a scorer where the version itself has answered', async () => {
    await addDraws(200);
    const fails: Judged = { version: 1, score: () => Promise.reject(new Error('nobody has to score')) };
    const { value } = await judge({}, fails, fails);
    expect(value?.gain.difference).toBe(0);
    expect(value?.version.dr).toBe(value?.champion.dr);
  });

  it('heeds field, channel and time', async () => {
    await addDraws(120);
    await addDraws(130, { field: 'x.text' });
    await addDraws(140, { field: 'sms.text', at: new Date('2026-01-02') });
    const drawn = async (options: object) => (await judge(options)).log.drawn;
    expect(await drawn({})).toBe(390);
    expect(await drawn({ field: 'ad_copy' })).toBe(120);
    expect(await drawn({ channel: 'x' })).toBe(130);
    expect(await drawn({ since: new Date('2026-02-01') })).toBe(250);
    expect(await drawn({ modelName: 'other' })).toBe(0);
  });

  it.each<[string, Draws, object, RegExp]>([
    [
      'draws that are too few',
      { clicks: () => 3 },
      { since: new Date('2126-01-01') },
      /0 texts with clicks were chosen by chance, 100 are needed/,
    ],
    ['a log of the policy best', { policy: null }, {}, /150 were certain .*set copy\.policy to explore/],
    ['a log of the holdback', { policy: 'holdback' }, {}, /150 were certain/],
    [
      'a reward that never arrived',
      { clicks: () => 0 },
      {},
      /none of the 150 drawn texts has earned anything/,
    ],
    ['a reward that is always one', { clicks: () => IMPRESSIONS }, {}, /all 150 drawn texts have earned all/],
    ['no overlap', { propensities: [1, 0, 0] }, {}, /would seldom have chosen what was drawn/],
  ])('is refused with the reason for %s', async (_, draws, options, reason) => {
    await addDraws(150, draws);
    const { value, because } = await judge(options);
    expect(value).toBeNull();
    expect(because).toMatch(/^not enough evidence, because /);
    expect(because).toMatch(reason);
  });

  it('is of conversions or verdicts where these are the reward', async () => {
    await addDraws(300);
    expect((await judge({ reward: 'conversions' })).because).toMatch(/0 texts with conversions/);
    await sql`UPDATE feedback SET conversions = clicks / 2`.execute(database.db);
    const [clicks, conversions] = [await judge(), await judge({ reward: 'conversions' })];
    const half = (clicks.value?.version.snips ?? 0) / 2;
    expect(Math.abs((conversions.value?.version.snips ?? 0) - half)).toBeLessThan(0.002);
    // People accept what the version would have chosen, and reject the rest.
    await sql`
      INSERT INTO feedback (prediction_id, field, outcome)
      SELECT id, 'ad_copy', CASE WHEN response #>> '{alternatives,ad_copy,0,text}' = 'text 2' THEN 'accepted' ELSE 'rejected' END
      FROM predictions`.execute(database.db);
    const verdicts = await judge({ reward: 'verdicts' });
    expect(verdicts.value).toMatchObject({ version: { snips: 1 }, champion: { snips: 0 } });
    // Better than another one: nobody has accepted or refused it by that.
    await sql`INSERT INTO feedback (prediction_id, field, idempotency_key, outcome)
      SELECT id, 'ad_copy', 'pair', 'better' FROM predictions`.execute(database.db);
    expect(await judge({ reward: 'verdicts' })).toEqual(verdicts);
  });

  it('of revenue is in its currency, and refused where fields are counted in several', async () => {
    await addDraws(300, { currency: 'EUR' });
    const euros = await judge({ reward: 'revenue' });
    expect(euros.value?.currency).toBe('EUR');
    expect(euros.value?.version.dr).toBeCloseTo(0.04, 1);
    await addDraws(150, { field: 'x.text', currency: 'USD' });
    expect((await judge({ reward: 'revenue' })).because).toMatch(/ad_copy: EUR, x\.text: USD/);
    expect((await judge({ reward: 'revenue', field: 'x.text' })).value?.currency).toBe('USD');
  });
});

describe('the value that the gate asks for', () => {
  it('is of a model directory that is no version yet, beside what the champion has answered', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-value-'));
    try {
      const [challenger = '', champion = ''] = await copyTinyModels(folder, ['first', 'second']);
      const { config } = loadConfig({ env: {} });
      const context = {
        services: { config, database },
        run: { options: { model: { name: 'copy' } } },
        signal: new AbortController().signal,
      } as unknown as Parameters<typeof compareValues>[2];
      const compare = () => compareValues({ challenger, champion }, 1, context);
      expect(await compare()).toMatchObject({ reward: 'clicks', figures: null });
      await addDraws(400);
      const { figures, because } = await compare();
      expect(because).toBeNull();
      // To the tiny model the texts are alike: it would choose each as often, and earn their mean.
      expect(figures).toMatchObject({ choices: 400 });
      expect(figures?.challenger).toBeGreaterThan(figures?.champion ?? 1);
      expect(figures?.high).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

it('feedback of a prediction is found by an index, as its erasure and its retention need it', async () => {
  const { rows } = await database.db.connection().execute(async (connection) => {
    await sql`SET enable_seqscan = off`.execute(connection);
    const plan = await sql<{ 'QUERY PLAN': string }>`
      EXPLAIN DELETE FROM feedback WHERE prediction_id = 'x'`.execute(connection);
    await sql`RESET enable_seqscan`.execute(connection);
    return plan;
  });
  expect(rows.map((row) => row['QUERY PLAN']).join()).toContain('feedback_by_prediction');
});

describe('the summary of rewards', () => {
  it('counts by field, version and policy, and sets the best choice beside a random one', async () => {
    await addDraws(900);
    await addDraws(50, { policy: 'holdback', clicks: () => 10 });
    await addDraws(60, { policy: null, field: 'x.text', clicks: () => 5 });
    const summary = await summarizeRewards(database.db, { modelName: 'copy', reward: 'clicks' });
    expect(summary.byField).toMatchObject([
      { field: 'ad_copy', texts: 950, impressions: 950 * IMPRESSIONS },
      { field: 'x.text', texts: 60, impressions: 60 * IMPRESSIONS, clicks: 300 },
    ]);
    expect(summary.byVersion).toMatchObject([{ version: 1, texts: 1010 }]);
    expect(summary.byPolicy).toMatchObject([
      { policy: 'best', texts: 60, earned: 300 },
      { policy: 'explore', texts: 900 },
      { policy: 'holdback', texts: 50, earned: 500, trials: 50 * IMPRESSIONS },
    ]);
    // The stored scores prefer the text of the least rate; a random choice earns the mean of all three.
    expect(summary.draws).toBe(900);
    expect(summary.choices?.best.value).toBeCloseTo(0.02, 2);
    expect(summary.choices?.random.value).toBeGreaterThan(0.04);
    expect(summary.choices?.random.value).toBeLessThan(0.055);
    expect(summary.choices?.random.low).toBeLessThan(summary.choices?.random.high ?? 0);
  });

  it('says nothing of other choices where too few were drawn', async () => {
    await addDraws(99);
    const summary = await summarizeRewards(database.db, { modelName: 'copy', reward: 'clicks' });
    expect(summary).toMatchObject({ draws: 99, choices: null });
  });
});

describe('the expected accuracy', () => {
  const since = new Date('2026-01-01');
  const ask = (asked: object = {}) =>
    expectAccuracy(database.db, { modelName: 'copy', version: 1, since, leastPredictions: 100, ...asked });
  /** Of each ten verdicts on texts that were scored 0.5, so many agree with the score. */
  const addVerdicts = async (rightOfTen: number): Promise<void> => {
    await sql`UPDATE predictions SET confidence_score = CASE WHEN id > '8' THEN 0.9 ELSE 0.2 END`.execute(
      database.db,
    );
    await sql`
      INSERT INTO feedback (prediction_id, field, place, outcome)
      SELECT id, 'ad_copy', place, CASE WHEN row_number() OVER (ORDER BY id) % 10 < ${rightOfTen} THEN 'accepted' ELSE 'rejected' END
      FROM predictions, LATERAL (SELECT place FROM generate_series(0, 2) AS place
        WHERE (response #>> ARRAY['alternatives', 'ad_copy', place::text, 'score'])::float8 = 0.5) AS shown`.execute(
      database.db,
    );
  };

  it('is the mean confidence in the likelier label, and corrected by what verdicts say of it', async () => {
    await addDraws(300);
    await addVerdicts(8);
    const { byConfidence, byFeedback, predictions, verdicts } = await ask();
    expect({ predictions, verdicts }).toEqual({ predictions: 300, verdicts: 300 });
    expect(byConfidence).toBeGreaterThan(0.8);
    expect(byConfidence).toBeLessThan(0.9);
    // It expected to be right on half of the texts with a verdict, and was on eight of ten.
    expect(byFeedback).toBe(Math.min(1, (byConfidence ?? 0) + 0.8 - 0.5));
    await sql`UPDATE feedback SET outcome = 'rejected' WHERE outcome IS NOT NULL`.execute(database.db);
    expect((await ask()).byFeedback).toBeCloseTo((byConfidence ?? 0) - 0.5, 9);
  });

  it('is not said of few predictions, nor corrected by few verdicts, nor of another version or time', async () => {
    await addDraws(99);
    expect(await ask()).toMatchObject({ predictions: 99, byConfidence: null, byFeedback: null });
    await addDraws(20);
    expect(await ask()).toMatchObject({ byConfidence: 0.5, byFeedback: null });
    expect(await ask({ version: 2 })).toMatchObject({ predictions: 0, byConfidence: null });
    expect(await ask({ since: new Date('2126-01-01') })).toMatchObject({ predictions: 0 });
  });
});
