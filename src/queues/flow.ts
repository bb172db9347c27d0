/**
 * What a kind of durable work consists of, said once: its stages, what comes after what, what is done in
 * parts, what may fail, what closes it, and how long, how often and how many at a time. Queues, workers, the
 * reconciler, views and the command line read it here.
 *
 * A stage without `each` is one piece of work. One with `each` is a fan-out, of one of two kinds:
 *   listed    few parts with names, known when its turn comes; all are enqueued at once, as children of the
 *             stage that comes after it
 *   numbered  any number of parts, made by the stage before it with its result; `window` of them are enqueued
 *             at a time, and part k makes way for part k + window. So a million rows never lie in a queue at
 *             once, and two owners take turns.
 */
import type { z } from 'zod';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';

export interface StageDeclaration<O = unknown> {
  /** What it leaves; kept in PostgreSQL before anyone is told. */
  result: z.ZodType<object>;
  /** All of these must have ended before it begins. */
  after: readonly string[];
  /** Names of the parts, or their number once it is known. */
  each?(owner: O): readonly string[] | number | null;
  /** How many of numbered parts are in the queue at a time. */
  window?(owner: O): number;
  /** What has failed for good leaves the owner to the others; otherwise the owner fails with it. */
  mayFail?: boolean;
  /** Its result ends the owner. */
  closes?: boolean;
  /** Of one attempt; `queues.timeoutsMs` overrides it. */
  timeoutMs: number;
  /** 3 when left out; `queues.attempts` overrides it. */
  attempts?: number;
  /** Queue jobs of one worker process at a time: 1 when left out; `queues.concurrency` overrides it. */
  concurrency?: number;
  /**
   * SQL that belongs to its commit, as one more WITH query: `$1` is the owner, `$5` the result, `state` is
   * empty if it may not commit.
   */
  alsoCommits?: string;
}

/**
 * Where the state is kept. The columns of both flows are alike; what one of them has on top stands in the
 * pieces of SQL.
 */
export interface FlowTables {
  owners: 'pipeline_runs' | 'prediction_jobs';
  states: 'stage_states' | 'prediction_job_steps';
  owner: 'run_id' | 'job_id';
  part: 'candidate' | 'shard';
  /** In place of a part, for the stages that have none. */
  noPart: string;
  /** Where each attempt is kept as well. */
  attempts: 'stage_attempts' | null;
  /** Assignments, each with a comma before it. */
  onBegin: string;
  onCommit: string;
  onEnd: string;
  onClose: string;
  /** `$5` is a `Progress`. */
  onProgress: string;
}

type OwnerRow = Readonly<Record<string, unknown>>;

export interface Flow<
  O = unknown,
  S extends Readonly<Record<string, StageDeclaration<O>>> = Readonly<Record<string, StageDeclaration<O>>>,
> {
  /** What an owner is called: `run` or `job`. */
  readonly name: 'run' | 'job';
  readonly stages: S;
  /** In their order. */
  readonly names: readonly string[];
  /** What a queue job carries: ids, never data. */
  readonly payload: { readonly single: z.ZodType; readonly part: z.ZodType };
  readonly fields: { readonly owner: string; readonly part: string };
  readonly tables: FlowTables;
  /** What to do about an owner that could not go on, for messages. */
  readonly remedy: string;
  /** Options never change once the owner is made. */
  readonly options: z.ZodType;
  toOwner(row: OwnerRow, options: unknown): O;
}

/** One piece of work: a stage of a run or of a prediction job, or a part of one. */
export interface WorkKey {
  ownerId: string;
  stage: string;
  /** '' for a stage without parts. */
  part: string;
}

/**
 * @throws AppError `internal` for a stage that comes before what it comes after: the order of the list is the
 *   order of the work
 */
export function defineFlow<O, const S extends Readonly<Record<string, StageDeclaration<O>>>>(
  flow: Omit<Flow<O, S>, 'names'>,
): Flow<O, S> {
  const names = Object.keys(flow.stages);
  for (const [index, name] of names.entries()) {
    const missing = flow.stages[name]?.after.find((before) => !names.slice(0, index).includes(before));
    if (missing !== undefined)
      throw new AppError(
        'internal',
        `the stage ${name} comes after ${missing}, which is not listed before it`,
      );
  }
  return { ...flow, names };
}

export type StageName<F extends Flow> = keyof F['stages'] & string;
/** What a queue job of the stage carries. */
export type PayloadOf<
  F extends Flow,
  S extends StageName<F>,
  Single extends z.ZodType,
  Part extends z.ZodType,
> = F['stages'][S] extends { each: unknown } ? z.infer<Part> : z.infer<Single>;

export function declarationOf(flow: Flow, stage: string): StageDeclaration {
  const declared = flow.stages[stage];
  if (declared === undefined) throw new AppError('internal', `${stage} is no stage of a ${flow.name}`);
  return declared;
}

export function ownerOf<O>(flow: Flow<O>, row: OwnerRow): O {
  return flow.toOwner(row, flow.options.parse(row['options']));
}

/** The stages that wait for this one. */
export function stagesAfter(flow: Flow, stage: string): readonly string[] {
  return flow.names.filter((name) => declarationOf(flow, name).after.includes(stage));
}

/**
 * The stage that a listed fan-out hands to, as the parent of its children; undefined for every other stage.
 */
export function parentOf(flow: Flow, stage: string): string | undefined {
  const { each, window } = declarationOf(flow, stage);
  return each !== undefined && window === undefined ? stagesAfter(flow, stage)[0] : undefined;
}

/** The listed fan-out that this stage is the parent of. */
export function childrenOf(flow: Flow, stage: string): string | undefined {
  return declarationOf(flow, stage).after.find((before) => parentOf(flow, before) === stage);
}

/** Names of the parts of a listed fan-out; [''] for a stage without parts. Numbered parts are not listed. */
export function partsOf<O>(flow: Flow<O>, stage: string, owner: O): readonly string[] {
  const parts = declarationOf(flow, stage).each?.(owner) ?? [''];
  return typeof parts === 'number' ? [] : parts;
}

export function payloadOf(flow: Flow, { ownerId, stage, part }: WorkKey): object {
  const { fields, payload } = flow;
  const hasParts = declarationOf(flow, stage).each !== undefined;
  return (hasParts ? payload.part : payload.single).parse({
    [fields.owner]: ownerId,
    ...(hasParts && { [fields.part]: part }),
  }) as object;
}

export function keyOf(flow: Flow, stage: string, payload: OwnerRow): WorkKey {
  const part = payload[flow.fields.part];
  return {
    ownerId: String(payload[flow.fields.owner]),
    stage,
    part: typeof part === 'string' || typeof part === 'number' ? String(part) : '',
  };
}

/**
 * `<owner>.<stage>`, `<owner>.<stage>.<part>`: adding the same one twice is ignored while the first is kept.
 */
export function queueJobId({ ownerId, stage, part }: WorkKey): string {
  return part === '' ? `${ownerId}.${stage}` : `${ownerId}.${stage}.${part}`;
}

/** For messages: `train-model of candidate full in run 20261123-...`. */
export function describeWork(flow: Flow, { ownerId, stage, part }: WorkKey): string {
  return `${stage}${part === '' ? '' : ` of ${flow.tables.part} ${part}`} in ${flow.name} ${ownerId}`;
}

const DEFAULT_ATTEMPTS = 3;

/** What is declared for the stage, unless the configuration says otherwise. */
export function stageSettings(
  flow: Flow,
  stage: string,
  config: Pick<Config['queues'], 'timeoutsMs' | 'attempts' | 'concurrency'>,
): { timeoutMs: number; attempts: number; concurrency: number } {
  const declared = declarationOf(flow, stage);
  return {
    timeoutMs: config.timeoutsMs[stage] ?? declared.timeoutMs,
    attempts: config.attempts ?? declared.attempts ?? DEFAULT_ATTEMPTS,
    concurrency: config.concurrency[stage] ?? declared.concurrency ?? 1,
  };
}

export const BACKOFF_TYPE = 'capped-exponential';

/**
 * Delay before the next attempt: doubles with each failure up to the cap; a share of it is random.
 * @param failures attempts that have failed so far, from 1
 * @param random uniform in [0, 1)
 */
export function backoffDelayMs(queues: Config['queues'], failures: number, random: number): number {
  const full = Math.min(queues.backoffMs * 2 ** Math.max(0, failures - 1), queues.backoffMaxMs);
  return Math.round(full * (1 - queues.backoffJitter * random));
}
