/**
 * What a replay takes over from the run that it repeats, and whether all that is still there, asked before it
 * starts.
 */
import type { ArtifactStore } from '../core/artifact-store.ts';
import { AppError } from '../core/errors.ts';
import type { Db, DbTransaction } from '../db/index.ts';
import { getDatasetVersion } from '../data/index.ts';
import { artifactKeyOf } from '../tracking/index.ts';
import { RUN, type RunStage } from './run-flow.ts';
import { resolveRunOptions, type RunOptions, type RunRequest } from './run-options.ts';
import { getRun, type RunView, type StageView } from './run-views.ts';

export const RUN_STAGES = RUN.names as readonly RunStage[];

export interface ReplayRequest {
  /** The first stage that is done again; all of them when left out. */
  from?: RunStage | undefined;
  /** What is to be other than in the run that is repeated. */
  options?: RunRequest | undefined;
}

export interface ReplayPlan {
  options: RunOptions;
  /** Stages whose results are taken over. */
  adopted: readonly RunStage[];
}

/** The stage that first heeds an option. */
const HEEDED_BY: Readonly<Record<keyof RunRequest, RunStage>> = {
  source: 'generate-data',
  map: 'generate-data',
  remember: 'generate-data',
  label: 'generate-data',
  joinParent: 'version-data',
  recipes: 'train-model',
  candidates: 'train-model',
};

/**
 * @throws AppError `not-found` without such a run; `invalid-input` for options that cannot be used, or that
 * only stages heed which are not done again; `conflict` that says what is missing of what would be taken over
 */
export async function planReplay(
  { db, artifacts }: { db: Db; artifacts: ArtifactStore },
  runId: string,
  { from = 'generate-data', options: request = {} }: ReplayRequest,
  cameOverHttp: boolean,
): Promise<ReplayPlan> {
  const run = await getRun(db, runId);
  const adopted = RUN_STAGES.slice(0, RUN_STAGES.indexOf(from));
  for (const [key, stage] of Object.entries(HEEDED_BY)) {
    if (request[key as keyof RunRequest] === undefined || !adopted.includes(stage)) continue;
    throw new AppError(
      'invalid-input',
      `options.${key} is heeded by ${stage}, which is not done again from ${from} on: leave it out, or replay from ${stage}`,
      { details: { field: `options.${key}` } },
    );
  }
  await requireLeft(run, adopted, { db, artifacts, from });
  return { options: changeOptions(run.options, request, cameOverHttp), adopted };
}

/** Validated as those of a run are, with the repeated run in place of the configuration. */
function changeOptions(original: RunOptions, request: RunRequest, cameOverHttp: boolean): RunOptions {
  if (Object.values(request).every((value) => value === undefined)) return original;
  const config = { ...original, pipeline: { candidates: original.candidates } };
  const changed = resolveRunOptions(config, request, cameOverHttp);
  const isOtherSource = request.source?.url !== undefined;
  return isOtherSource ? changed : { ...changed, sourceNamedBy: original.sourceNamedBy };
}

async function requireLeft(
  run: RunView,
  adopted: readonly RunStage[],
  { db, artifacts, from }: { db: Db; artifacts: ArtifactStore; from: RunStage },
): Promise<void> {
  const refuse = (reason: string): AppError =>
    new AppError('conflict', `run ${run.id} cannot be replayed from ${from}: ${reason}`);
  const views = (stage: RunStage): StageView[] => run.stages.filter((view) => view.stage === stage);
  for (const stage of adopted) {
    const { mayFail = false } = RUN.stages[stage] as { mayFail?: boolean };
    const open = views(stage).find(
      ({ status }) => status !== 'succeeded' && !(mayFail && status === 'failed'),
    );
    if (open !== undefined) throw refuse(`${describe(open)} has left no result, it is ${open.status}`);
    if (views(stage).every(({ status }) => status !== 'succeeded'))
      throw refuse(`no candidate of ${stage} has succeeded`);
  }
  const resultOf = (stage: RunStage): unknown => views(stage)[0]?.result;
  const requireFile = async (key: string): Promise<void> => {
    if (!(await artifacts.exists(key))) throw refuse(`${key} is no longer in the artifact store`);
  };

  if (from === 'version-data')
    await requireFile(RUN.stages['generate-data'].result.parse(resultOf('generate-data')).rawKey);
  if (adopted.includes('version-data')) {
    const { datasetVersion } = RUN.stages['version-data'].result.parse(resultOf('version-data'));
    const version = await getDatasetVersion(db, datasetVersion).catch((cause: unknown) => {
      if (cause instanceof AppError && cause.code === 'not-found') throw refuse(cause.message);
      throw cause;
    });
    for (const { key } of Object.values(version.manifest.splits)) await requireFile(key);
  }
  if (from === 'register-model') {
    for (const view of views('train-model').filter(({ status }) => status === 'succeeded')) {
      const { modelUri } = RUN.stages['train-model'].result.parse(view.result);
      if ((await artifacts.list(artifactKeyOf(modelUri))).length === 0)
        throw refuse(`the model of candidate ${view.candidate} is no longer at ${modelUri}`);
    }
  }
}

function describe({ stage, candidate }: StageView): string {
  return candidate === null ? stage : `${stage} of candidate ${candidate}`;
}

/**
 * Gives the new run what the stages have left: whoever asks finds their results as if it had done them
 * itself.
 */
export async function adoptResults(
  trx: DbTransaction,
  { runId, from, stages }: { runId: string; from: string; stages: readonly RunStage[] },
): Promise<void> {
  const left = await trx
    .selectFrom('stage_states')
    .selectAll()
    .where('run_id', '=', from)
    .where('stage', 'in', stages)
    .execute();
  await trx
    .insertInto('stage_states')
    .values(
      left.map(({ result, error, progress: _progress, ...state }) => ({
        ...state,
        run_id: runId,
        adopted_from: from,
        progress: null,
        result: result === null ? null : JSON.stringify(result),
        error: error === null ? null : (JSON.stringify(error) as never),
      })),
    )
    .execute();
}
