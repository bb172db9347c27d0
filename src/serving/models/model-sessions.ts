/**
 * What a route scores with: the model that answers this request, its cache, and the challenger that looks
 * over its shoulder.
 */
import {
  createFairLane,
  type CallScores,
  type ScoreCache,
  type ScoreOptions,
  type Scorer,
} from '../scoring/index.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { LeasedModel, ServedModels } from './served-models.ts';
import type { ServedAlias } from './traffic.ts';

export interface ModelSession {
  readonly alias: ServedAlias;
  readonly name: string;
  readonly version: number;
  /** As `Scorer.score`; texts scored lately are not scored again. */
  score(texts: readonly string[], options: ScoreOptions): Promise<CallScores>;
  /** Has the challenger score the same text when it has nothing better to do; returns at once. */
  shadow(text: string, probability: number): void;
}

export interface ModelSessions {
  /**
   * Runs `body` with the model that answers `stickyKey`, or with `version`; it stays loaded meanwhile.
   * @throws as `ServedModels.lease`
   */
  withModel<T>(stickyKey: string, body: (session: ModelSession) => Promise<T>, version?: number): Promise<T>;
}

export interface SessionEvents {
  cache(hits: number, misses: number): void;
  shadow(result: 'scored' | 'skipped' | 'failed', difference?: number): void;
}

const SHADOW_TIMEOUT_MS = 10_000;

export function createModelSessions(deps: {
  models: ServedModels;
  cache: ScoreCache;
  events: SessionEvents;
}): ModelSessions {
  const { models, cache, events } = deps;

  const scoreWithCache = async (
    model: LoadedModel,
    texts: readonly string[],
    options: ScoreOptions,
  ): Promise<CallScores> => {
    const version = `${model.ref.name}/${model.ref.version}`;
    const cached = texts.map((text) => cache.get(version, text));
    const missing = texts.filter((_, index) => cached[index] === undefined);
    const scored = await scoreInSlices(model.scorer, missing, options);
    missing.forEach((text, index) => cache.set(version, text, scored.probabilities[index] ?? 0));
    events.cache(texts.length - missing.length, missing.length);
    let next = 0;
    const probabilities = cached.map((known) => {
      if (known !== undefined) return known;
      next += 1;
      return scored.probabilities[next - 1] ?? 0;
    });
    return { ...scored, probabilities };
  };

  const shadow = (text: string, probability: number): void => {
    const leased = models.leaseShadow();
    if (leased === undefined) return;
    void scoreInShadow(leased, models.current('champion'), text, probability, events);
  };

  return {
    withModel: async (stickyKey, body, version) => {
      const { alias, model, release } = models.lease(stickyKey, version);
      try {
        return await body({
          alias,
          ...model.ref,
          score: (texts, options) => scoreWithCache(model, texts, options),
          shadow,
        });
      } finally {
        release();
      }
    },
  };
}

/**
 * A call of ten thousand texts stands in line by so many at a time: more would fill the queue for everybody
 * and hold the event loop while tokenised.
 */
const SLICE_TEXTS = 256;

async function scoreInSlices(
  scorer: Scorer,
  texts: readonly string[],
  options: ScoreOptions,
): Promise<CallScores> {
  if (texts.length <= SLICE_TEXTS) return await scorer.score(texts, options);
  const lane = options.lane ?? createFairLane();
  const deadlineMs = performance.now() + options.timeoutMs;
  const whole: CallScores = {
    probabilities: [],
    tokens: 0,
    timing: { tokenizeMs: 0, waitMs: 0, computeMs: 0 },
  };
  for (let at = 0; at < texts.length; at += SLICE_TEXTS) {
    const slice = texts.slice(at, at + SLICE_TEXTS);
    const timeoutMs = Math.max(1, deadlineMs - performance.now());
    const { probabilities, tokens, timing } = await scorer.score(slice, { ...options, lane, timeoutMs });
    const share = slice.length / texts.length;
    whole.probabilities.push(...probabilities);
    whole.tokens += tokens;
    whole.timing.tokenizeMs += timing.tokenizeMs * share;
    whole.timing.waitMs += timing.waitMs * share;
    whole.timing.computeMs += timing.computeMs * share;
  }
  return whole;
}

/**
 * The challenger gets idle moments only: while anything waits or it is busy itself, the copy is skipped and
 * counted.
 */
async function scoreInShadow(
  { model, release }: LeasedModel,
  champion: LoadedModel | undefined,
  text: string,
  probability: number,
  events: SessionEvents,
): Promise<void> {
  try {
    const isBusy = model.scorer.runningTexts > 0 || (champion?.scorer.waitingTexts ?? 0) > 0;
    if (isBusy) return events.shadow('skipped');
    const { probabilities } = await model.scorer.score([text], { timeoutMs: SHADOW_TIMEOUT_MS });
    events.shadow('scored', Math.abs((probabilities[0] ?? 0) - probability));
  } catch {
    // Counted; a shadow's failure concerns nobody who waits.
    events.shadow('failed');
  } finally {
    release();
  }
}
