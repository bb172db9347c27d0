/**
 * One model version in memory: its scorer, and who is using it, so that it is unloaded only after its last
 * answer.
 */
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { readManifest, type Manifest, type Precision, type TextTokenizer } from '../../ml/index.ts';
import {
  openScorer,
  openScoringThread,
  type Scorer,
  type ScorerEvents,
  type ScorerLimits,
  type ThreadCounts,
} from '../scoring/index.ts';

export interface VersionRef {
  name: string;
  version: number;
}

export interface LoadedModel {
  readonly ref: VersionRef;
  readonly scorer: Scorer;
  readonly precision: Precision;
  /**
   * What was decided when the model was exported, and on what ground; undefined for a model that was not made
   * here.
   */
  readonly exported: ExportDecision | undefined;
  readonly loadedAt: Date;
  readonly loadMs: number;
  /**
   * Keeps the model loaded until `release` is called. @throws AppError `unavailable` once it is being
   * unloaded
   */
  acquire(): { release: () => void };
  /** Waits for the last user, serves what waits, stops the threads. */
  unload(): Promise<void>;
}

export interface ExportDecision {
  servePrecision: Precision;
  validationAccuracy: Readonly<Record<Precision, number>>;
  /** Accuracy that int8 was allowed to lose. */
  precisionTolerance: number;
}

export interface LoadSettings {
  precision: Precision | 'auto';
  threads: ThreadCounts;
  /** Tokens; longer texts are cut. */
  maxLength: number;
  limits: ScorerLimits;
}

/** Long enough that arena and thread caches have grown to the sizes of real batches. */
const WARM_UP_TEXTS = ['warm', 'a short line of copy', 'a much longer line of copy '.repeat(30)];
const WARM_UP_TIMEOUT_MS = 60_000;

/**
 * Loads the version in threads of its own, proves it by its stored probes and warms it up.
 * @throws AppError `bad-model` when files are missing or the probes do not come out as at export
 */
export async function loadModel(options: {
  ref: VersionRef;
  modelDirectory: string;
  tokenizer: TextTokenizer;
  settings: LoadSettings;
  events: ScorerEvents;
  log: Logger;
}): Promise<LoadedModel> {
  const { ref, modelDirectory, tokenizer, settings, events, log } = options;
  const startedMs = performance.now();
  const manifest = await readManifest(modelDirectory);
  const scorer = await openScorer({
    threadCount: settings.threads.sessions,
    openThread: () =>
      openScoringThread({
        modelDirectory,
        precision: settings.precision,
        threads: settings.threads.threadsPerSession,
        maxLength: settings.maxLength,
      }),
    tokenize: (text, maxLength) => tokenizer.encode(text, maxLength),
    limits: settings.limits,
    events,
    log,
  });
  try {
    await scorer.score(
      WARM_UP_TEXTS.flatMap((text) => Array<string>(settings.threads.sessions).fill(text)),
      { timeoutMs: WARM_UP_TIMEOUT_MS },
    );
  } catch (thrown) {
    await scorer.close();
    throw thrown;
  }
  return createLoadedModel(ref, scorer, performance.now() - startedMs, manifest && decisionOf(manifest));
}

function decisionOf({ servePrecision, validationAccuracy, recipe }: Manifest): ExportDecision {
  return { servePrecision, validationAccuracy, precisionTolerance: recipe.export.precisionTolerance };
}

export function createLoadedModel(
  ref: VersionRef,
  scorer: Scorer,
  loadMs: number,
  exported?: ExportDecision,
): LoadedModel {
  let users = 0;
  let lastLeft: (() => void) | undefined;
  let isUnloading = false;
  return {
    ref,
    scorer,
    precision: scorer.precision,
    exported,
    loadedAt: new Date(),
    loadMs,
    acquire: () => {
      if (isUnloading)
        throw new AppError('unavailable', `version ${ref.version} of ${ref.name} is being unloaded`);
      users += 1;
      let isReleased = false;
      return {
        release: () => {
          if (isReleased) return;
          isReleased = true;
          users -= 1;
          if (users === 0) lastLeft?.();
        },
      };
    },
    unload: async () => {
      isUnloading = true;
      if (users > 0) await new Promise<void>((resolve) => (lastLeft = resolve));
      await scorer.close();
    },
  };
}
