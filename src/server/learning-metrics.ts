/** What the champion may have lost since its gate, and how the canary fares. */
import { DAY_MS, MINUTE_MS, type Clock } from '../core/clock.ts';
import type { Config } from '../core/config/index.ts';
import { expectAccuracy, type ExpectedAccuracy } from '../data/index.ts';
import type { Db } from '../db/index.ts';
import { findActiveCanary } from '../serving/index.ts';
import { ACCURACY_TAG, CHAMPION } from '../tracking/index.ts';

interface Source {
  db: Db;
  config: Pick<Config, 'learning' | 'model'>;
  clock: Clock;
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

interface Learned {
  expected: ExpectedAccuracy | undefined;
  /** The champion's on held-out rows, as its gate measured it; NaN where nobody did. */
  measured: number;
}

const readings = new WeakMap<Db, { atMs: number; learned: Promise<Learned> }>();

/** Two metrics stand on it, and it reads thousands of rows: once a minute is enough. */
async function readOnceAMinute(source: Source): Promise<Learned> {
  const { db, clock } = source;
  const last = readings.get(db);
  if (last !== undefined && clock.nowMs() - last.atMs < MINUTE_MS) return await last.learned;
  const learned = readLearned(source);
  readings.set(db, { atMs: clock.nowMs(), learned });
  try {
    return await learned;
  } catch (thrown) {
    readings.delete(db);
    throw thrown;
  }
}

async function readLearned({ db, config, clock }: Source): Promise<Learned> {
  const modelName = config.model.name;
  const champion = await db
    .selectFrom('model_aliases as alias')
    .leftJoin('model_version_tags as tag', (join) =>
      join
        .onRef('tag.name', '=', 'alias.name')
        .onRef('tag.version', '=', 'alias.version')
        .on('tag.key', '=', ACCURACY_TAG),
    )
    .select(['alias.version', 'tag.value'])
    .where('alias.name', '=', modelName)
    .where('alias.alias', '=', CHAMPION)
    .executeTakeFirst();
  if (champion === undefined) return { expected: undefined, measured: Number.NaN };
  const { days, minimum } = config.learning.drift;
  const expected = await expectAccuracy(db, {
    modelName,
    version: champion.version,
    since: new Date(clock.nowMs() - days * DAY_MS),
    leastPredictions: minimum,
  });
  return { expected, measured: champion.value === null ? Number.NaN : Number(champion.value) };
}

/** Undefined where too little is known to say. */
export async function readLostAccuracy(source: Source): Promise<number | undefined> {
  const { expected, measured } = await readOnceAMinute(source);
  const now = expected?.byFeedback ?? expected?.byConfidence ?? Number.NaN;
  const lost = Math.max(0, measured - now);
  return Number.isNaN(lost) ? undefined : lost;
}

export const LEARNING_METRICS = [
  {
    name: 'copyloop_expected_accuracy',
    help: 'Share on which the champion is expected to be right of what is asked of it now',
    labels: ['source'],
    read: async (source: Source): Promise<Sample[]> => {
      const { expected } = await readOnceAMinute(source);
      const samples = { confidence: expected?.byConfidence, feedback: expected?.byFeedback };
      return Object.entries(samples).flatMap(([from, value]) =>
        value === null || value === undefined ? [] : [{ labels: { source: from }, value }],
      );
    },
  },
  {
    name: 'copyloop_accuracy_lost',
    help: 'By how much that is less than on held-out rows; 0 where it is no less: alert on it',
    read: async (source: Source): Promise<Sample[]> => {
      const value = await readLostAccuracy(source);
      return value === undefined ? [] : [{ labels: {}, value }];
    },
  },
  {
    name: 'copyloop_canary_share',
    help: 'Share of the traffic that the canary takes; no value without one',
    labels: ['model_version'],
    read: async ({ db, config }: Source): Promise<Sample[]> => {
      const canary = await findActiveCanary(db, config.model.name);
      if (canary === undefined) return [];
      return [{ labels: { model_version: String(canary.version) }, value: canary.rules.share }];
    },
  },
  {
    name: 'copyloop_canary_gain',
    help: "The canary's reward per trial less the champion's, with bounds that hold at every look",
    labels: ['bound'],
    read: async ({ db, config }: Source): Promise<Sample[]> => {
      const evidence = (await findActiveCanary(db, config.model.name))?.evidence;
      if (evidence === null || evidence === undefined) return [];
      const { low, difference, high } = evidence;
      return Object.entries({ low, mean: difference, high }).map(([bound, value]) => ({
        labels: { bound },
        value,
      }));
    },
  },
];
