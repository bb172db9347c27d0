/** Every metric of the server, by name; docs/metrics.md says what each is for. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LogHealth } from '../core/log-destination.ts';
import type { Scorer, ScorerEvents, ServedModels, ServedModelsEvents } from '../serving/index.ts';

const PHASES = ['tokenize', 'wait', 'compute', 'write'] as const;
export type Phase = (typeof PHASES)[number];

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TEXTS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TOKENS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];
const TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const DIFFERENCES = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1];

export interface Metrics {
  readonly registry: Registry;
  readonly scorerEvents: (version: number) => ScorerEvents;
  readonly servedModelsEvents: ServedModelsEvents;
  request(labels: { method: string; route: string; status: number }, seconds: number): void;
  phase(phase: Phase, seconds: number): void;
  cache(hits: number, misses: number): void;
  prediction(labels: { version: number; alias: string; writer: string }, score: number): void;
  shadow(result: 'scored' | 'skipped' | 'failed', difference?: number): void;
  stored(result: 'written' | 'dropped' | 'refused', predictions: number): void;
  feedback(outcome: string): void;
  requestsInFlight: Gauge;
}

/** A registry of its own, so that several servers can live in one process. */
export function createMetrics(models: () => ServedModels | undefined): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'copyloop_' });

  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram =>
    new Histogram({ name, help, buckets, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers });

  const scorers = (): { version: string; scorer: Scorer }[] =>
    (['champion', 'challenger'] as const).flatMap((alias) => {
      const model = models()?.current(alias);
      return model === undefined ? [] : [{ version: String(model.ref.version), scorer: model.scorer }];
    });
  const scorerGauge = (name: string, help: string, read: (scorer: Scorer) => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      labelNames: ['model_version'],
      collect() {
        this.reset();
        for (const { version, scorer } of scorers()) this.set({ model_version: version }, read(scorer));
      },
    });
  scorerGauge('copyloop_queue_texts', 'Texts that wait for a session', (scorer) => scorer.waitingTexts);
  scorerGauge('copyloop_queue_tokens', 'Tokens that wait for a session', (scorer) => scorer.waitingTokens);
  scorerGauge('copyloop_running_texts', 'Texts that sessions hold', (scorer) => scorer.runningTexts);
  scorerGauge('copyloop_scoring_threads', 'Scoring threads alive', (scorer) => scorer.liveThreads);

  const requests = counter('copyloop_http_requests_total', 'Requests answered', [
    'method',
    'route',
    'status',
  ]);
  const requestSeconds = histogram(
    'copyloop_http_request_duration_seconds',
    'From the first byte of a request to its answer',
    SECONDS,
    ['method', 'route'],
  );
  const requestsInFlight = gauge('copyloop_http_requests_in_flight', 'Requests begun and not answered');
  const phaseSeconds = histogram(
    'copyloop_phase_seconds',
    'Time of a prediction by phase: tokenize, wait, compute, write',
    SECONDS,
    ['phase'],
  );
  const batchTexts = histogram('copyloop_batch_texts', 'Texts of a batch', TEXTS);
  const batchTokens = histogram('copyloop_batch_tokens', 'Tokens of a batch, padding left out', TOKENS);
  const paddedTokens = counter('copyloop_padded_tokens_total', 'Tokens computed, padding included');
  const scoredTexts = counter('copyloop_scored_texts_total', 'Texts scored', ['model_version']);
  const droppedTexts = counter(
    'copyloop_dropped_texts_total',
    'Texts not scored: the queue was full, the deadline passed or the caller hung up',
    ['reason'],
  );
  const cacheLookups = counter('copyloop_score_cache_total', 'Look-ups in the score cache', ['result']);
  const predictions = counter('copyloop_predictions_total', 'Creatives answered', [
    'model_version',
    'alias',
    'writer',
  ]);
  const scores = histogram('copyloop_confidence_score', 'Confidence scores answered', TENTHS, [
    'model_version',
  ]);
  const shadowTexts = counter('copyloop_shadow_total', 'Predictions copied to the challenger', ['result']);
  const shadowDifference = histogram(
    'copyloop_shadow_score_difference',
    "Distance of the challenger's score from the champion's",
    DIFFERENCES,
  );
  const storedPredictions = counter(
    'copyloop_stored_predictions_total',
    'Predictions written to the database, dropped because it could not keep up, or refused by it',
    ['result'],
  );
  const feedbackRows = counter('copyloop_feedback_total', 'Feedback taken', ['outcome']);
  const modelLoads = counter('copyloop_model_loads_total', 'Model versions loaded or refused', ['result']);
  const modelLoadSeconds = histogram(
    'copyloop_model_load_duration_seconds',
    'Time to load, prove and warm up a version',
    [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  );
  const loadFailed = gauge(
    'copyloop_model_load_failed',
    '1 while the version that the alias names cannot be loaded: alert on it',
    ['alias'],
  );
  const registryUnreadable = gauge(
    'copyloop_registry_unreadable',
    '1 while the registry cannot be read: what is loaded serves on, no new champion is heard of; alert on it',
  );
  const servedVersion = gauge(
    'copyloop_served_model_version',
    'Version that serves under the alias; 0 for none',
    ['alias'],
  );

  return {
    registry,
    requestsInFlight,
    scorerEvents: (version) => ({
      batch: (batch) => {
        batchTexts.observe(batch.texts);
        batchTokens.observe(batch.tokens);
        paddedTokens.inc(batch.paddedTokens);
        scoredTexts.inc({ model_version: String(version) }, batch.texts);
      },
      call: ({ timing }) => {
        phaseSeconds.observe({ phase: 'tokenize' }, timing.tokenizeMs / 1000);
        phaseSeconds.observe({ phase: 'wait' }, timing.waitMs / 1000);
        phaseSeconds.observe({ phase: 'compute' }, timing.computeMs / 1000);
      },
      dropped: (reason, texts) => droppedTexts.inc({ reason }, texts),
    }),
    servedModelsEvents: {
      loaded: (alias, _ref, loadMs) => {
        modelLoads.inc({ result: 'loaded' });
        modelLoadSeconds.observe(loadMs / 1000);
        loadFailed.set({ alias }, 0);
      },
      loadFailed: (alias) => {
        modelLoads.inc({ result: 'failed' });
        loadFailed.set({ alias }, 1);
      },
      failureOver: (alias) => loadFailed.set({ alias }, 0),
      unloaded: () => modelLoads.inc({ result: 'unloaded' }),
      serving: (alias, ref) => servedVersion.set({ alias }, ref?.version ?? 0),
      registryRead: (isReadable) => registryUnreadable.set(isReadable ? 0 : 1),
    },
    request: ({ method, route, status }, seconds) => {
      requests.inc({ method, route, status: String(status) });
      requestSeconds.observe({ method, route }, seconds);
    },
    phase: (phase, seconds) => phaseSeconds.observe({ phase }, seconds),
    cache: (hits, misses) => {
      if (hits > 0) cacheLookups.inc({ result: 'hit' }, hits);
      if (misses > 0) cacheLookups.inc({ result: 'miss' }, misses);
    },
    prediction: ({ version, alias, writer }, score) => {
      predictions.inc({ model_version: String(version), alias, writer });
      scores.observe({ model_version: String(version) }, score);
    },
    shadow: (result, difference) => {
      shadowTexts.inc({ result });
      if (difference !== undefined) shadowDifference.observe(difference);
    },
    stored: (result, count) => storedPredictions.inc({ result }, count),
    feedback: (outcome) => feedbackRows.inc({ outcome }),
  };
}

/** How the log of the process fares: it cannot tell of it itself. */
export function addLogMetrics(registry: Registry, health: LogHealth): void {
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('copyloop_log_failing', '1 while log lines cannot be written, as on a full disk: alert on it', () =>
    health.isFailing ? 1 : 0,
  );
  gauge('copyloop_log_lines_dropped', 'Log lines lost since the process began', () => health.droppedLines);
}
