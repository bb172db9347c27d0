/**
 * What the policy `explore` knows when it draws: what scores have meant in clicks, by field, and what was
 * counted of each text of a product. It is read in the background and may be a minute old; a request only
 * looks it up.
 */
import { sql } from 'kysely';
import { MINUTE_MS } from '../../core/clock.ts';
import { toError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { Logger } from '../../core/log.ts';
import type { TextPolicy } from '../../copy/index.ts';
import type { Db } from '../../db/index.ts';
import {
  computePropensities,
  fitScorePrior,
  priorOf,
  UNTRIED,
  type Counts,
  type ScoredCounts,
  type ScorePrior,
} from '../../learning/index.ts';

export interface Explorer {
  /** @param product of the request: its own texts' counts are evidence */
  policyFor(product: { title: string; description: string }): TextPolicy;
  /** Reads what was counted by now; for whoever does not wait for the next minute. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Counted texts that are kept in memory, newest first. */
const TEXTS_KEPT = 20_000;
/** Of each field, for the fit: some ten milliseconds of the main thread. */
const TEXTS_FITTED = 1000;

interface CountedText extends Counts {
  title: string;
  description: string;
  field: string;
  text: string | null;
  score: number | null;
}

/**
 * @param options.floor least probability of each text
 * @param options.isDefault whether requests are explored unasked; otherwise nothing is read before the first
 *   that asks
 */
export function openExplorer(options: { db: Db; floor: number; isDefault: boolean; log: Logger }): Explorer {
  const { db, floor, log } = options;
  let isWanted = false;
  let priors: ReadonlyMap<string, ScorePrior> = new Map();
  let evidence: ReadonlyMap<string, Counts> = new Map();
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const texts = await readCountedTexts(db);
    priors = fitPriors(texts);
    evidence = gather(texts);
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
      const keyOf = createKey(product);
      return (field, texts) => {
        const prior = priors.get(field) ?? UNTRIED;
        const arms = texts.map(({ text, score }) => ({
          ...(evidence.get(keyOf(field, text)) ?? { clicks: 0, impressions: 0 }),
          prior: priorOf(score, prior),
        }));
        return computePropensities(arms, floor);
      };
    },
    refresh,
    close: async () => {
      clearInterval(timer);
      await reading?.catch(() => undefined);
    },
  };
}

function createKey({ title, description }: { title: string; description: string }) {
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

async function readCountedTexts(db: Db): Promise<CountedText[]> {
  const { rows } = await sql<CountedText>`
    WITH counted AS (
      SELECT prediction_id, field, place, sum(clicks)::float8 AS clicks, sum(impressions)::float8 AS impressions
      FROM feedback WHERE clicks IS NOT NULL AND impressions > 0
      GROUP BY prediction_id, field, place ORDER BY max(id) DESC LIMIT ${TEXTS_KEPT})
    SELECT title, description, field, clicks, impressions, shown ->> 'text' AS text, (shown ->> 'score')::float8 AS score
    FROM counted JOIN predictions ON predictions.id = prediction_id,
      LATERAL (SELECT response #> ARRAY['alternatives', field, place::text] AS shown) AS texts`.execute(db);
  return rows;
}
