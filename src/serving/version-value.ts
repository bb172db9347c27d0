/**
 * What a version would have earned, from texts that were drawn with known propensities: its own choice among
 * the same texts, weighed by how likely it was to be drawn, with the champion's expectation as the direct
 * model.
 */
import { copyText } from '../core/classifier-text.ts';
import { AppError } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import {
  countLog,
  listCurrencies,
  readDraws,
  type LogFilter,
  type LoggedDraw,
  type LogSize,
} from '../data/index.ts';
import {
  compareValues,
  estimateValue,
  expectRate,
  fitScorePrior,
  type LoggedChoice,
  type PolicyValue,
  type ScoredCounts,
} from '../learning/index.ts';
import { CHAMPION, type RegistryStore } from '../tracking/index.ts';
import type { VersionScorers } from './models/index.ts';

/** Whose scores choose: the version that is judged, and the champion beside it. */
export interface Judged {
  /** Where it is the version that answered, what it answered stands in the log. */
  version: number | null;
  score(texts: readonly string[]): Promise<ArrayLike<number>>;
}

export interface VersionValue {
  log: LogSize;
  /** Why nothing is said; null where there is a value. */
  because: string | null;
  value: ValueFigures | null;
}

export interface ValueFigures {
  /** In this currency per impression; null for a share of trials. */
  currency: string | null;
  version: PolicyValue;
  champion: PolicyValue;
  /** What the drawn texts earned on average. */
  drawn: number;
  /** By how much the version would have earned more than the champion; the bounds hold at every look. */
  gain: { difference: number; low: number; high: number };
}

const LEAST_CHOICES = 100;
/** Choices that the log must be worth under the judged policy. */
const LEAST_OVERLAP = 30;

export const DEFAULT_DRAWS = 2000;
export const MAX_DRAWS = 20_000;

/**
 * A registered version beside the champion of the day. @throws AppError `not-found`, `conflict` without a
 * champion
 */
export async function judgeRegisteredVersion(
  deps: { db: Db; registry: Pick<RegistryStore, 'getVersion' | 'findAlias'>; scorers: VersionScorers },
  filter: LogFilter,
  asked: { version: number; limit?: number | undefined; signal: AbortSignal },
): Promise<VersionValue & { champion: number }> {
  const { signal } = asked;
  const name = filter.modelName;
  await deps.registry.getVersion(name, asked.version);
  const champion = await deps.registry.findAlias(name, CHAMPION);
  if (champion === undefined)
    throw new AppError('conflict', `no version of ${name} is champion: there is nothing to compare with`);
  const judgedBy = (version: number): Judged => ({
    version,
    score: (texts) => deps.scorers.withVersion({ name, version }, (score) => score(texts, signal)),
  });
  const value = await judgeVersion(deps.db, filter, {
    version: judgedBy(asked.version),
    champion: judgedBy(champion.version),
    limit: asked.limit ?? DEFAULT_DRAWS,
    signal,
  });
  return { champion: champion.version, ...value };
}

/** A draw with who would have chosen what. */
interface JudgedDraw {
  field: string;
  propensity: number;
  earned: number;
  trials: number;
  /** The champion's, of the drawn text. */
  score: number;
  version: Wish;
  champion: Wish;
}

interface Wish {
  /** Of choosing the drawn text. */
  probability: number;
  /** The champion's scores of the texts that it would choose from: one, or several that are equal. */
  scores: number[];
}

/**
 * @param limit newest draws that are judged @throws what reading and scoring throw, and the signal's reason
 */
export async function judgeVersion(
  db: Db,
  filter: LogFilter,
  {
    version,
    champion,
    limit,
    signal,
  }: { version: Judged; champion: Judged; limit: number; signal?: AbortSignal },
): Promise<VersionValue> {
  const log = await countLog(db, filter);
  const refuse = (why: string): VersionValue => ({
    log,
    because: `not enough evidence, because ${why}`,
    value: null,
  });
  const currencies = filter.reward === 'revenue' ? await listCurrencies(db, filter) : [];
  if (new Set(currencies.map(({ currency }) => currency)).size > 1)
    return refuse(
      `revenue is counted in several currencies (${currencies.map(({ field, currency }) => `${field}: ${currency}`).join(', ')}): name one field`,
    );
  if (log.drawn < LEAST_CHOICES) return refuse(describeThinLog(log, filter.reward));

  const draws: JudgedDraw[] = [];
  for await (const page of readDraws(db, filter, limit)) {
    signal?.throwIfAborted();
    draws.push(...(await judgeDraws(page, version, champion)));
  }
  if (draws.length < LEAST_CHOICES)
    return refuse(describeThinLog({ ...log, drawn: draws.length }, filter.reward));
  // Revenue has no bound of its own; the most that a text has earned stands for it.
  const most = draws.reduce((max, { earned, trials }) => Math.max(max, earned / trials), 0);
  const scale = filter.reward === 'revenue' && most > 0 ? most : 1;
  for (const draw of draws) draw.earned /= scale;
  if (most === 0) return refuse(`none of the ${draws.length} drawn texts has earned anything`);
  if (draws.every(({ earned, trials }) => earned === trials))
    return refuse(`all ${draws.length} drawn texts have earned all that a text can`);

  const expect = fitDirectModel(draws);
  const [own, beside] = [
    draws.map((draw, at) => toChoice(draw, draw.version, expect(draw, at))),
    draws.map((draw, at) => toChoice(draw, draw.champion, expect(draw, at))),
  ];
  const judged = estimateValue(own);
  if (judged.effectiveSize < LEAST_OVERLAP)
    return refuse(
      `the version would seldom have chosen what was drawn: the log is worth ${Math.floor(judged.effectiveSize)} choices to it, ${LEAST_OVERLAP} are needed`,
    );
  const gain = compareValues(own, beside);
  return {
    log,
    because: null,
    value: {
      currency: currencies[0]?.currency ?? null,
      version: rescale(judged, scale),
      champion: rescale(estimateValue(beside), scale),
      drawn: (scale * own.reduce((sum, { reward }) => sum + reward, 0)) / own.length,
      gain: { difference: scale * gain.difference, low: scale * gain.low, high: scale * gain.high },
    },
  };
}

function describeThinLog({ drawn, heldBack, certain }: LogSize, reward: LogFilter['reward']): string {
  const told = `${drawn} texts with ${reward} were chosen by chance, ${LEAST_CHOICES} are needed`;
  if (certain + heldBack === 0) return told;
  return `${told}; ${certain + heldBack} were certain (policy best, holdback or nothing to choose from), which cannot say what another choice would have earned: set copy.policy to explore`;
}

/** One call of each scorer for a page of the log. */
async function judgeDraws(
  draws: readonly LoggedDraw[],
  version: Judged,
  champion: Judged,
): Promise<JudgedDraw[]> {
  const [own, beside] = [await scoreDraws(draws, version), await scoreDraws(draws, champion)];
  return draws.flatMap(({ field, texts, earned, trials }, at) => {
    const [first] = texts;
    const [scores, championScores] = [own[at] ?? [], beside[at] ?? []];
    if (first === undefined || !(first.propensity > 0) || scores.length === 0) return [];
    return [
      {
        field,
        propensity: first.propensity,
        earned,
        trials,
        score: championScores[0] ?? 0,
        version: wishOf(scores, championScores),
        champion: wishOf(championScores, championScores),
      },
    ];
  });
}

async function scoreDraws(draws: readonly LoggedDraw[], judged: Judged): Promise<number[][]> {
  const isOwn = (draw: LoggedDraw): boolean => draw.modelVersion === judged.version;
  const texts = draws
    .filter((draw) => !isOwn(draw))
    .flatMap(({ title, field, texts }) => texts.map(({ text }) => copyText({ title, field, text })));
  const scores = texts.length === 0 ? [] : await judged.score(texts);
  let at = 0;
  return draws.map((draw) =>
    draw.texts.map(({ score }) => (isOwn(draw) ? score : (scores[at++] ?? Number.NaN))),
  );
}

/** The best by the scores; equal ones are as likely as each other. */
function wishOf(scores: readonly number[], championScores: readonly number[]): Wish {
  const best = Math.max(...scores);
  const chosen = [...scores.keys()].filter((index) => scores[index] === best);
  return {
    probability: chosen.includes(0) ? 1 / chosen.length : 0,
    scores: chosen.map((index) => championScores[index] ?? 0),
  };
}

/** Of the drawn text and of scores, what they may expect. */
type Expectation = (scores: readonly number[]) => number;

/**
 * What the champion's scores mean in rewards, by field: fitted to every other draw, so that no choice is
 * judged by an expectation that has seen its own reward.
 */
function fitDirectModel(draws: readonly JudgedDraw[]): (draw: JudgedDraw, at: number) => Expectation {
  const halves = new Map<string, ScoredCounts[]>();
  const keyOf = (field: string, half: number): string => `${half}.${field}`;
  draws.forEach(({ field, score, earned, trials }, at) => {
    const key = keyOf(field, at % 2);
    const half = halves.get(key) ?? [];
    if (half.length === 0) halves.set(key, half);
    half.push({ score, clicks: earned, impressions: trials });
  });
  const priors = new Map([...halves].map(([key, texts]) => [key, fitScorePrior(texts)]));
  return ({ field }, at) => {
    const prior = priors.get(keyOf(field, 1 - (at % 2)));
    if (prior === undefined) return () => 0;
    return (scores) => scores.reduce((sum, score) => sum + expectRate(score, prior), 0) / scores.length;
  };
}

function toChoice(draw: JudgedDraw, wish: Wish, expect: Expectation): LoggedChoice {
  return {
    propensity: draw.propensity,
    reward: draw.earned / draw.trials,
    probability: wish.probability,
    expectedOfChoice: expect([draw.score]),
    expectedOfPolicy: expect(wish.scores),
  };
}

function rescale(value: PolicyValue, scale: number): PolicyValue {
  const { interval } = value;
  return {
    ...value,
    ips: scale * value.ips,
    snips: scale * value.snips,
    dr: scale * value.dr,
    interval: { ...interval, low: scale * interval.low, high: scale * interval.high },
  };
}
