/**
 * What the policy `explore` knows when it draws: what scores have meant in rewards, by field, and what was
 * counted of each text of a product. A server reads it in the background, and it may be a minute old: a
 * request only looks it up. A job reads it once and keeps it, so that the same shard is drawn alike again.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { MINUTE_MS } from '../core/clock.ts';
import type { LearningReward } from '../core/config/index.ts';
import { toError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Logger } from '../core/log.ts';
import type { TextPolicy } from '../copy/index.ts';
import { rewardColumns } from '../data/index.ts';
import type { Db } from '../db/index.ts';
import {
  computePropensities,
  fitScorePrior,
  priorOf,
  UNTRIED,
  type Counts,
  type ScoredCounts,
  type ScorePrior,
} from '../learning/index.ts';

export interface Explorer {
  /** @param product of the request: its own texts' counts are evidence */
  policyFor(product: Described): TextPolicy;
  /** Reads what was counted by now; for whoever does not wait for the next minute. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

interface Described {
  title: string;
  description: string;
}

/** Everything that a draw depends on beside the scores. */
export interface PolicyKnowledge {
  /** Least probability of each text. */
  floor: number;
  /** By field. */
  priors: ReadonlyMap<string, ScorePrior>;
  /** By product, field and text. */
  evidence: ReadonlyMap<string, Counts>;
}

/** Counted texts that are kept in memory, newest first. */
const TEXTS_KEPT = 20_000;
/** Of each field, for the fit: some ten milliseconds of the main thread. */
const TEXTS_FITTED = 1000;

interface CountedText extends Counts, Described {
  field: string;
  text: string | null;
  score: number | null;
}

/**
 * @param options.floor least probability of each text
 * @param options.isDefault whether requests are explored unasked; otherwise nothing is read before the first
 *   that asks
 */
export function openExplorer(options: {
  db: Db;
  floor: number;
  reward: LearningReward;
  isDefault: boolean;
  log: Logger;
}): Explorer {
  const { db, floor, reward, log } = options;
  let isWanted = false;
  let knowledge: PolicyKnowledge = { floor, priors: new Map(), evidence: new Map() };
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    knowledge = await readPolicyKnowledge(db, { floor, reward });
  };
  const refresh = async (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  };
  const refreshQuietly = (): void => {
    refresh().catch((thrown: unknown) =>
      log.warn({ err: toError(thrown) }, 'what texts earned could not be read; what was read before stands'),
    );
  };
  const want = (): void => {
    if (isWanted) return;
    isWanted = true;
    refreshQuietly();
  };
  if (options.isDefault) want();
  const timer = setInterval(() => {
    if (isWanted) refreshQuietly();
  }, MINUTE_MS);
  timer.unref();

  return {
    policyFor: (product) => {
      want();
      return createTextPolicy(knowledge, product);
    },
    refresh,
    close: async () => {
      clearInterval(timer);
      await reading?.catch(() => undefined);
    },
  };
}

export async function readPolicyKnowledge(
  db: Db,
  { floor, reward }: { floor: number; reward: LearningReward },
): Promise<PolicyKnowledge> {
  const texts = await readCountedTexts(db, reward);
  return { floor, priors: fitPriors(texts), evidence: gather(texts) };
}

export function createTextPolicy(
  { floor, priors, evidence }: PolicyKnowledge,
  product: Described,
): TextPolicy {
  const keyOf = createKey(product);
  return (field, texts) => {
    const prior = priors.get(field) ?? UNTRIED;
    const arms = texts.map(({ text, score }) => ({
      ...(evidence.get(keyOf(field, text)) ?? { clicks: 0, impressions: 0 }),
      prior: priorOf(score, prior),
    }));
    return computePropensities(arms, floor);
  };
}

const knowledgeSchema = z.object({
  floor: z.number(),
  priors: z.array(
    z.tuple([z.string(), z.object({ intercept: z.number(), slope: z.number(), strength: z.number() })]),
  ),
  evidence: z.array(z.tuple([z.string(), z.object({ clicks: z.number(), impressions: z.number() })])),
});

export function renderPolicyKnowledge({ floor, priors, evidence }: PolicyKnowledge): string {
  return JSON.stringify({ floor, priors: [...priors], evidence: [...evidence] });
}

/** @throws what JSON and zod throw of anything else than what was rendered */
export function parsePolicyKnowledge(json: string): PolicyKnowledge {
  const { floor, priors, evidence } = knowledgeSchema.parse(JSON.parse(json));
  return { floor, priors: new Map(priors), evidence: new Map(evidence) };
}

function createKey({ title, description }: Described) {
  const product = sha256Hex(`${title}\0${description}`).slice(0, 32);
  return (field: string, text: string): string => `${product}\0${field}\0${text}`;
}

function fitPriors(texts: readonly CountedText[]): Map<string, ScorePrior> {
  const scored = new Map<string, ScoredCounts[]>();
  for (const { field, score, clicks, impressions } of texts) {
    if (score === null) continue;
    const of = scored.get(field) ?? [];
    if (of.length === 0) scored.set(field, of);
    if (of.length < TEXTS_FITTED) of.push({ score, clicks, impressions });
  }
  return new Map([...scored].map(([field, of]) => [field, fitScorePrior(of)]));
}

/** The same text about the same product may have been answered many times: its counts are one. */
function gather(texts: readonly CountedText[]): Map<string, Counts> {
  const gathered = new Map<string, Counts>();
  for (const { field, text, clicks, impressions, ...product } of texts) {
    if (text === null) continue;
    const key = createKey(product)(field, text);
    const before = gathered.get(key) ?? { clicks: 0, impressions: 0 };
    gathered.set(key, { clicks: before.clicks + clicks, impressions: before.impressions + impressions });
  }
  return gathered;
}

async function readCountedTexts(db: Db, reward: LearningReward): Promise<CountedText[]> {
  const { earned, trials, isTold } = rewardColumns(reward);
  const { rows } = await sql<CountedText>`
    WITH counted AS (
      SELECT f.prediction_id, f.field, f.place, sum(${earned})::float8 AS clicks, sum(${trials})::float8 AS impressions
      FROM feedback f WHERE ${isTold}
      GROUP BY f.prediction_id, f.field, f.place ORDER BY max(f.id) DESC LIMIT ${TEXTS_KEPT})
    SELECT title, description, field, clicks, impressions, shown ->> 'text' AS text, (shown ->> 'score')::float8 AS score
    FROM counted JOIN predictions ON predictions.id = prediction_id,
      LATERAL (SELECT response #> ARRAY['alternatives', field, place::text] AS shown) AS texts`.execute(db);
  return rows;
}
