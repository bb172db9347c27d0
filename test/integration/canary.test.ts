/**
 * A canary from the gate to its verdict, on PostgreSQL with the real registry; deaths in between included.
 */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, systemClock } from '../../src/core/clock.ts';
import { createHexId } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { recordCounts } from '../../src/data/index.ts';
import type { Database } from '../../src/db/index.ts';
import {
  listCanaries,
  lookAtCanary,
  queueCanary,
  readAliasesInTraffic,
  readTraffic,
  stopCanary,
  writeTraffic,
  type CanaryDeps,
} from '../../src/serving/index.ts';
import { createPostgresTrackingStore, type TrackingStore } from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

const MODEL = 'copy-quality';
const RULES = {
  share: 0.2,
  alpha: 0.05,
  budget: 100_000,
  minimumEvents: 500,
  maxDays: 30,
  reward: 'clicks' as const,
};
const PRODUCTS = 40;
const IMPRESSIONS = 250;

let database: Database;
let registry: TrackingStore['registry'];
let deps: CanaryDeps;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ registry } = createPostgresTrackingStore(database.db));
});
afterAll(() => database.close());
beforeEach(async () => {
  await sql`TRUNCATE registered_models, model_alias_history, canaries, predictions CASCADE`.execute(
    database.db,
  );
  await writeTraffic(database.db, { champion: 100, challenger: 0, shadow: false });
  await registry.createModel({ name: MODEL });
  for (let version = 1; version <= 3; version += 1)
    await registry.createVersion({ name: MODEL, source: 'mlflow-artifacts:/0/none/artifacts/model' });
  await registry.setAlias(MODEL, 'champion', 1, { movedBy: 'gate', reason: 'the first' });
  deps = {
    db: database.db,
    locks: database.locks,
    registry,
    modelName: MODEL,
    clock: systemClock,
    log: createSilentLogger(),
  };
});

async function queue(version: number, rules: Partial<typeof RULES> = {}): Promise<void> {
  const canary = {
    modelName: MODEL,
    version,
    champion: 1,
    reason: 'it won',
    pipelineRunId: `run-${version}`,
  };
  await queueCanary(database.db, { ...canary, rules: { ...RULES, ...rules } });
}

/** Predictions of as many products, each shown and clicked as often. */
async function serve(
  version: number,
  clicks: (product: number) => number,
  { products = PRODUCTS, impressions = IMPRESSIONS, day = '2026-01-02', request = {} } = {},
): Promise<string[]> {
  const ids = Array.from({ length: products }, () => createHexId());
  await database.db
    .insertInto('predictions')
    .values(
      ids.map((id, product) => ({
        id,
        title: `Lamp ${version} ${product}`,
        description: '',
        request: JSON.stringify(request),
        response: JSON.stringify({ text_ids: { ad_copy: `${id}.ad_copy.0` } }),
        copy_text: '',
        confidence_score: 0.5,
        model_name: MODEL,
        model_version: version,
        writer: 'templates',
        request_id: '',
      })),
    )
    .execute();
  await tell(ids, clicks, { impressions, day });
  return ids;
}

async function tell(
  ids: readonly string[],
  clicks: (product: number) => number,
  { impressions = IMPRESSIONS, day = '2026-01-02' } = {},
): Promise<void> {
  const results = await recordCounts(
    database.db,
    ids.map((predictionId, product) => ({
      predictionId,
      field: 'ad_copy',
      place: 0,
      source: 'ads',
      day,
      impressions,
      clicks: clicks(product),
      conversions: null,
      revenue: null,
      currency: null,
      isRestated: true,
    })),
  );
  expect(results.filter(({ kind }) => kind === 'refused')).toEqual([]);
}

const named = async (alias: string) => (await registry.findAlias(MODEL, alias))?.version;
const newest = async () => (await listCanaries(database.db, MODEL, 1))[0];
const historyOf = async (alias: string) => await registry.aliasHistory(MODEL, alias);
const about = (mean: number) => (product: number) => mean + (product % 3) - 1;

async function begin(rules: Partial<typeof RULES> = {}): Promise<void> {
  await queue(2, rules);
  await lookAtCanary(deps);
}

describe('a canary', () => {
  it('takes its share when it begins, and its alias is guarded from the moment that it waits', async () => {
    expect(await readAliasesInTraffic(database.db)).toEqual(['champion']);
    await queue(2);
    expect(await readAliasesInTraffic(database.db)).toEqual(['champion', 'challenger']);
    await lookAtCanary(deps);
    expect(await named('challenger')).toBe(2);
    expect(await readTraffic(database.db)).toMatchObject({ champion: 80, challenger: 20 });
    // The stage that queued it may be repeated.
    await queue(2);
    await lookAtCanary(deps);
    expect(await listCanaries(database.db, MODEL, 10)).toMatchObject([{ version: 2, status: 'running' }]);
    expect(await historyOf('challenger')).toHaveLength(1);
  });

  it('that earns more is promoted, with the evidence in the history', async () => {
    await begin();
    await serve(1, about(5));
    await serve(2, about(20));
    await lookAtCanary(deps);
    expect(await named('champion')).toBe(2);
    expect(await named('challenger')).toBeUndefined();
    expect(await readTraffic(database.db)).toMatchObject({ champion: 100, challenger: 0 });
    const [move] = await historyOf('champion');
    expect(move).toMatchObject({ movedBy: 'canary', fromVersion: 1, toVersion: 2, pipelineRunId: 'run-2' });
    expect(move?.reason).toMatch(
      /it earns more: version 2 earned 799 clicks of 10000 \(7\.99 %\), version 1 earned/,
    );
    expect(await newest()).toMatchObject({ status: 'promoted', outcome: 'promoted', settledBy: 'canary' });
    expect((await newest())?.evidence?.low).toBeGreaterThan(0);
  });

  it('that earns less is rolled back, with the evidence in the history', async () => {
    await begin();
    await serve(1, about(20));
    await serve(2, about(5));
    await lookAtCanary(deps);
    expect(await named('champion')).toBe(1);
    expect(await named('challenger')).toBeUndefined();
    expect((await historyOf('challenger'))[0]).toMatchObject({ kind: 'delete', movedBy: 'canary' });
    expect((await historyOf('challenger'))[0]?.reason).toMatch(/it earns less/);
    expect((await newest())?.status).toBe('rolled-back');
  });

  it('reads late days and restated counts as they are at each look', async () => {
    await begin();
    await serve(1, about(10));
    const ids = await serve(2, about(10));
    await lookAtCanary(deps);
    expect(await newest()).toMatchObject({
      status: 'running',
      evidence: { because: expect.stringMatching(/^not enough evidence, because /) as string },
    });
    await tell(ids, about(25));
    await tell(ids, about(25), { day: '2026-01-05' });
    await lookAtCanary(deps);
    expect(await newest()).toMatchObject({ status: 'promoted', evidence: { challenger: { shown: 20_000 } } });
  });

  it('learns nothing from what no chance divided: catalogues, and requests that name a version', async () => {
    await begin();
    await serve(1, about(10));
    await serve(2, about(10));
    await serve(1, about(1), { request: { job: 'job-1' } });
    await serve(2, about(200), { request: { version: 2 } });
    await lookAtCanary(deps);
    const shown = PRODUCTS * IMPRESSIONS;
    expect(await newest()).toMatchObject({
      status: 'running',
      evidence: { champion: { shown }, challenger: { shown } },
    });
  });

  it('is not read anew by a server that looks right after another, and is by who asks', async () => {
    await begin();
    await serve(1, about(10));
    await lookAtCanary(deps);
    const { evidence } = (await newest()) ?? {};
    expect(evidence?.champion.shown).toBe(PRODUCTS * IMPRESSIONS);
    await serve(2, about(10));
    await lookAtCanary(deps, DAY_MS);
    expect((await newest())?.evidence).toEqual(evidence);
    await lookAtCanary(deps);
    expect((await newest())?.evidence?.challenger.shown).toBe(PRODUCTS * IMPRESSIONS);
  });

  it.each<[string, () => number, object, RegExp]>([
    [
      'no reward at all',
      () => 0,
      {},
      /within the budget of 15000 \(not enough evidence, because 0 rewards of the champion/,
    ],
    ['a reward each time', () => IMPRESSIONS, {}, /0 unrewarded texts of the champion/],
    ['equal rewards', () => 10, {}, /the bounds of the difference still hold 0/],
    ['one product with all the traffic', () => 400, { products: 1, impressions: 10_000 }, /20 are needed/],
  ])('with %s ends at its budget without a verdict; the champion stays', async (_, clicks, options, why) => {
    await begin({ budget: 15_000 });
    await serve(1, clicks, options);
    await lookAtCanary(deps);
    expect((await newest())?.status).toBe('running');
    await serve(2, clicks, options);
    await lookAtCanary(deps);
    expect(await newest()).toMatchObject({ status: 'out-of-budget' });
    expect((await newest())?.reason).toMatch(why);
    expect((await newest())?.reason).not.toMatch(/NaN|Infinity/);
    expect(await named('champion')).toBe(1);
  });

  it('of which nobody ever tells anything ends after its days', async () => {
    await begin({ maxDays: 2 });
    await lookAtCanary({ ...deps, clock: { ...systemClock, now: () => new Date(Date.now() + 3 * DAY_MS) } });
    expect(await newest()).toMatchObject({ status: 'out-of-budget' });
    expect((await newest())?.reason).toMatch(/no verdict within 2 days/);
  });

  it.each(['champion', 'challenger'])('ends without a verdict when somebody moves the %s', async (alias) => {
    await begin();
    await serve(2, about(20));
    await serve(1, about(5));
    await registry.setAlias(MODEL, alias, 3, { movedBy: 'an admin', reason: 'I know better' });
    await lookAtCanary(deps);
    expect(await newest()).toMatchObject({ status: 'stopped' });
    expect((await newest())?.reason).toMatch(/names version 3, no longer/);
    expect(await named(alias)).toBe(3);
    expect(await readTraffic(database.db)).toMatchObject({ challenger: 0 });
  });

  it('is ended by an admin with their reason; the one that waits as well', async () => {
    await begin();
    await stopCanary(deps, { by: 'Ada', reason: 'not this week' });
    expect(await newest()).toMatchObject({ status: 'stopped', settledBy: 'Ada' });
    expect((await historyOf('challenger'))[0]).toMatchObject({
      movedBy: 'Ada',
      reason: 'stopped: not this week',
    });
    await queue(3);
    await stopCanary(deps, { by: 'Ada', reason: 'nor next' });
    expect(await newest()).toMatchObject({ version: 3, status: 'stopped', reason: 'nor next' });
    await expect(stopCanary(deps, { by: 'Ada', reason: 'again' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('canaries that wait', () => {
  it('begin when the one before has left the champion in place, the newest of them', async () => {
    await begin();
    await registry.createVersion({ name: MODEL, source: 'mlflow-artifacts:/0/none/artifacts/model' });
    await queue(3);
    await queue(4);
    await lookAtCanary(deps);
    expect(await named('challenger')).toBe(2);
    await stopCanary(deps, { by: 'Ada', reason: 'enough' });
    await lookAtCanary(deps);
    expect(await named('challenger')).toBe(4);
    const all = await listCanaries(database.db, MODEL, 10);
    expect(all.map(({ version, status }) => [version, status])).toEqual([
      [4, 'running'],
      [3, 'superseded'],
      [2, 'stopped'],
    ]);
  });

  it('end when another champion than theirs is in place', async () => {
    await begin();
    await queue(3);
    await serve(1, about(5));
    await serve(2, about(20));
    await lookAtCanary(deps);
    expect(await named('champion')).toBe(2);
    expect(await newest()).toMatchObject({ version: 3, status: 'superseded' });
    expect((await newest())?.reason).toMatch(/compared with version 1, and version 2 is champion now/);
  });

  it('wait while requests are divided by hand', async () => {
    await registry.setAlias(MODEL, 'challenger', 3, { movedBy: 'an admin', reason: 'a look' });
    await writeTraffic(database.db, { champion: 50, challenger: 50, shadow: false });
    await begin();
    expect(await newest()).toMatchObject({ status: 'waiting' });
    expect(await named('challenger')).toBe(3);
  });
});

describe('a process that dies in the middle', () => {
  const dying = (after: 'setAlias' | 'deleteAlias'): CanaryDeps => ({
    ...deps,
    registry: {
      ...registry,
      [after]: async (...args: Parameters<(typeof registry)[typeof after]>) => {
        await Reflect.apply(registry[after], registry, args);
        throw new Error('killed');
      },
    },
  });

  it('leaves a beginning that the next one finishes, with one move', async () => {
    await queue(2);
    await expect(lookAtCanary(dying('setAlias'))).rejects.toThrow('killed');
    expect(await newest()).toMatchObject({ status: 'waiting' });
    await lookAtCanary(deps);
    expect(await newest()).toMatchObject({ status: 'running' });
    expect(await historyOf('challenger')).toHaveLength(1);
  });

  it.each(['setAlias', 'deleteAlias'] as const)(
    'after %s leaves a verdict that the next one finishes, with one move of each alias',
    async (after) => {
      await begin();
      await serve(1, about(5));
      await serve(2, about(20));
      await expect(lookAtCanary(dying(after))).rejects.toThrow('killed');
      expect(await newest()).toMatchObject({ status: 'settling', outcome: 'promoted' });
      await lookAtCanary(deps);
      expect(await newest()).toMatchObject({ status: 'promoted' });
      expect((await historyOf('champion')).map(({ toVersion }) => toVersion)).toEqual([2, 1]);
      expect((await historyOf('challenger')).map(({ toVersion }) => toVersion)).toEqual([null, 2]);
    },
  );

  it('does not have its promotion made again after somebody has taken it back', async () => {
    await begin();
    await serve(1, about(5));
    await serve(2, about(20));
    await expect(lookAtCanary(dying('setAlias'))).rejects.toThrow('killed');
    await registry.rollbackAlias(MODEL, 'champion', { movedBy: 'an admin', reason: 'no' });
    await lookAtCanary(deps);
    expect(await named('champion')).toBe(1);
    expect(await newest()).toMatchObject({ status: 'promoted' });
  });

  it('or several that look at once settle it once', async () => {
    await begin();
    await serve(1, about(5));
    await serve(2, about(20));
    await Promise.all(Array.from({ length: 6 }, () => lookAtCanary(deps)));
    await lookAtCanary(deps);
    expect((await historyOf('champion')).map(({ toVersion }) => toVersion)).toEqual([2, 1]);
    expect((await historyOf('challenger')).map(({ toVersion }) => toVersion)).toEqual([null, 2]);
    expect(await newest()).toMatchObject({ status: 'promoted' });
  });
});
