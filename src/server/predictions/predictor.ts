/**
 * From a product to its creative: texts are written, the champion scores them with the product in one batch,
 * the best is answered and kept.
 */
import { classifierText } from '../../core/classifier-text.ts';
import { randomInt } from 'node:crypto';
import { withDeadline, type Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { createHexId } from '../../core/ids.ts';
import { createRandom } from '../../core/random.ts';
import { inSpan } from '../../core/trace.ts';
import { explainByOcclusion, fromWireOptions, type Copywriter } from '../../copy/index.ts';
import type { Explorer, FairLane, ModelSession, ModelSessions, VersionScorers } from '../../serving/index.ts';
import { listClaims, markGenerated, renderAuthor } from './authorship.ts';
import { createLinks, nameTexts } from './name-texts.ts';
import type { PredictionStore } from './prediction-store.ts';
import type { Creative, PredictionExtras, PredictRequest } from './request.ts';

export interface PredictContext {
  requestId: string;
  /** Decides between champion and challenger; the product's own text when the caller named none. */
  stickyKey: string | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  lane?: FairLane;
}

export interface Prediction {
  data: Creative;
  extras: PredictionExtras;
  timing: PhaseTimes;
  /** JSON of `{data, ...extras}`: written once, for the answer and for what is stored of it. */
  json: string;
}

export interface PhaseTimes {
  tokenizeMs: number;
  waitMs: number;
  computeMs: number;
  writeMs: number;
}

export interface PredictorEvents {
  prediction(labels: { version: number; alias: string; writer: string }, score: number): void;
  phase(phase: 'write', seconds: number): void;
}

export interface Predictor {
  /** @throws AppError `not-ready`, `invalid-input`, and whatever scoring throws */
  predict(request: PredictRequest, context: PredictContext): Promise<Prediction>;
}

/** What a prediction is scored with: a model in service, or a version that was asked for by its number. */
type Scoring = Pick<ModelSession, 'name' | 'version' | 'score'> & { alias: string };

/** Of a request's time, what a slow writer may use up: scoring needs the rest. */
const WRITER_SHARE = 0.7;

/** That wait for a version to be loaded, or for its scores: one batch keeps a few hundred in line. */
const MOST_BY_VERSION = 1024;

/** Who makes a product, by the names that shops give this attribute. */
function makerOf(attributes: PredictRequest['attributes']): string | undefined {
  return Object.entries(attributes ?? {}).find(([name]) =>
    /^(?:brand|manufacturer|vendor)$/iu.test(name),
  )?.[1];
}

export function createPredictor(deps: {
  sessions: ModelSessions;
  copywriter: Copywriter;
  store: PredictionStore;
  events: PredictorEvents;
  explorer: Explorer;
  scorers: VersionScorers;
  /** Whose versions can be asked for by their number. */
  modelName: string;
  /** Where a request names none. */
  defaults: Pick<Config['copy'], 'candidates' | 'policy' | 'holdback'>;
  clock: Clock;
}): Predictor {
  const { sessions, copywriter, store, events, explorer, scorers, modelName, defaults, clock } = deps;
  const random = createRandom(randomInt(2 ** 32));
  let byVersion = 0;

  const predictWith = async (
    session: Scoring,
    request: PredictRequest,
    text: string,
    context: PredictContext,
  ): Promise<Prediction> => {
    const startedMs = performance.now();
    const timing: PhaseTimes = { tokenizeMs: 0, waitMs: 0, computeMs: 0, writeMs: 0 };
    let scoringMs = 0;
    const score = async (texts: readonly string[]): Promise<number[]> => {
      const begunMs = performance.now();
      const { probabilities, timing: spent } = await inSpan(
        'score',
        { attributes: { 'copyloop.texts': texts.length, 'copyloop.model_version': session.version } },
        async () => await session.score(texts, context),
      );
      scoringMs += performance.now() - begunMs;
      timing.tokenizeMs += spent.tokenizeMs;
      timing.waitMs += spent.waitMs;
      timing.computeMs += spent.computeMs;
      return probabilities;
    };

    const draft = await inSpan('write', {}, async () =>
      copywriter.propose({
        ...fromWireOptions(request),
        recordBrand: makerOf(request.attributes),
        count: request.count ?? defaults.candidates,
        signal: context.signal,
        writeWithinMs: Math.ceil(context.timeoutMs * WRITER_SHARE),
      }),
    );
    const [confidence = 0, ...scores] = await score([text, ...draft.texts]);
    const explores = (request.policy ?? defaults.policy) === 'explore';
    const isHeldBack = explores && random.chance(defaults.holdback);
    const chance = explores && !isHeldBack ? { policy: explorer.policyFor(request), random } : undefined;
    const copy = copywriter.choose(draft, scores, chance);
    const explanation =
      request.explain === true ? await explainByOcclusion(text, (texts) => score(texts)) : undefined;
    timing.writeMs = performance.now() - startedMs - scoringMs;
    const { title, description } = request;
    const data: Creative = {
      title,
      description,
      social_media_caption: copy.social_media_caption,
      hashtags: copy.hashtags,
      ad_copy: copy.ad_copy,
      confidence_score: confidence,
      generated_at: clock.now().toISOString(),
    };
    const predictionId = createHexId();
    const { alternatives, textIds } = nameTexts(predictionId, copy);
    const extras: PredictionExtras = {
      prediction_id: predictionId,
      model: { name: session.name, version: session.version, alias: session.alias },
      writer: copy.writer,
      fallback: copy.fallback,
      ...(copy.brand !== undefined && { brand: copy.brand }),
      ...(copy.authors !== undefined && { authors: copy.authors.map(renderAuthor) }),
      ...markGenerated(copy),
      ...(request.claims === true && { claims: listClaims(request, copy) }),
      ...(copy.notes !== undefined && { notes: copy.notes }),
      channels: copy.channels,
      alternatives,
      text_ids: textIds,
      ...(explores && { policy: isHeldBack ? ('holdback' as const) : ('explore' as const) }),
      ...(request.link !== undefined && { links: createLinks(request.link, textIds) }),
      ...(explanation !== undefined && { explanation }),
    };
    return { data, extras, timing, json: JSON.stringify({ data, ...extras }) };
  };

  const keep = (request: PredictRequest, prediction: Prediction, requestId: string): void => {
    const { data, extras, json } = prediction;
    const { title, description, ...options } = request;
    store.add({
      id: extras.prediction_id,
      createdAt: new Date(data.generated_at),
      title,
      description,
      request: options,
      responseJson: json,
      copyText: data.ad_copy,
      confidenceScore: data.confidence_score,
      modelName: extras.model.name,
      modelVersion: extras.model.version,
      writer: extras.writer,
      requestId,
    });
  };

  const answer = async (
    session: Scoring,
    request: PredictRequest,
    text: string,
    context: PredictContext,
  ): Promise<Prediction> => {
    const prediction = await predictWith(session, request, text, context);
    const { data, extras, timing } = prediction;
    events.prediction(
      { version: session.version, alias: session.alias, writer: extras.writer },
      data.confidence_score,
    );
    events.phase('write', timing.writeMs / 1000);
    keep(request, prediction, context.requestId);
    return prediction;
  };

  const predictByVersion = async (
    version: number,
    request: PredictRequest,
    text: string,
    context: PredictContext,
  ): Promise<Prediction> => {
    if (byVersion >= MOST_BY_VERSION)
      throw new AppError('too-busy', `${byVersion} requests for versions by their numbers wait already`, {
        details: { retryAfterSeconds: 1, limit: MOST_BY_VERSION },
      });
    const ref = { name: modelName, version };
    const { signal, timeoutMs } = context;
    // Nothing is scored, or kept, for whoever waits no longer.
    const over = new AbortController();
    const given = { ...context, signal: AbortSignal.any([signal, over.signal]) };
    byVersion += 1;
    try {
      // Loaded for this request, perhaps: the time to answer begins when it is there.
      return await scorers.withVersion(ref, async (scoreAll) => {
        signal.throwIfAborted();
        const score: Scoring['score'] = async (texts) => {
          const begunMs = performance.now();
          const probabilities = await scoreAll(texts, given.signal);
          const timing = { tokenizeMs: 0, waitMs: 0, computeMs: performance.now() - begunMs };
          return { probabilities, tokens: 0, timing };
        };
        const answered = answer({ ...ref, alias: 'none', score }, request, text, given);
        return await withDeadline(
          answered,
          timeoutMs,
          `not answered by version ${version} within ${timeoutMs} ms`,
        );
      });
    } catch (thrown) {
      throw signal.aborted ? new AppError('cancelled', 'the caller hung up', { cause: thrown }) : thrown;
    } finally {
      byVersion -= 1;
      over.abort();
    }
  };

  return {
    predict: async (request, context) => {
      const text = classifierText(request);
      if (request.version !== undefined)
        return await predictByVersion(request.version, request, text, context);
      return await sessions.withModel(context.stickyKey ?? text, async (session) => {
        const prediction = await answer(session, request, text, context);
        if (session.alias === 'champion') session.shadow(text, prediction.data.confidence_score);
        return prediction;
      });
    },
  };
}
