/** Canaries as they are stored: what was asked of each, what it earned, how it ended. */
import { z } from 'zod';
import { LEARNING_REWARDS } from '../../core/config/index.ts';
import type { CanaryOutcome, CanaryStatus, Db } from '../../db/index.ts';
import type { CanaryEvidence, Earned } from '../../learning/index.ts';

const canaryRules = z.object({
  share: z.number(),
  alpha: z.number(),
  budget: z.number(),
  minimumEvents: z.number(),
  maxDays: z.number(),
  reward: z.enum(LEARNING_REWARDS),
});
export type CanaryRules = z.infer<typeof canaryRules>;

export interface SideEvidence extends Earned {
  products: number;
}

export interface StoredEvidence extends CanaryEvidence {
  champion: SideEvidence;
  challenger: SideEvidence;
  lookedAt: string;
}

export interface Canary {
  id: number;
  modelName: string;
  version: number;
  champion: number;
  status: CanaryStatus;
  outcome: CanaryOutcome | null;
  rules: CanaryRules;
  evidence: StoredEvidence | null;
  reason: string;
  settledBy: string | null;
  pipelineRunId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

export const OPEN_STATUSES = ['waiting', 'running', 'settling'] as const satisfies CanaryStatus[];
const ACTIVE_STATUSES = ['running', 'settling'] as const satisfies CanaryStatus[];

/** Once for a version, however often its stage is repeated. */
export async function queueCanary(
  db: Db,
  canary: Pick<Canary, 'modelName' | 'version' | 'champion' | 'rules' | 'reason' | 'pipelineRunId'>,
): Promise<void> {
  await db
    .insertInto('canaries')
    .values({
      model_name: canary.modelName,
      version: canary.version,
      champion: canary.champion,
      rules: JSON.stringify(canaryRules.parse(canary.rules)),
      reason: canary.reason,
      pipeline_run_id: canary.pipelineRunId,
      outcome: null,
      evidence: null,
      settled_by: null,
    })
    .onConflict((conflict) => conflict.columns(['model_name', 'version']).doNothing())
    .execute();
}

/** Newest first. */
export async function listCanaries(db: Db, modelName: string, limit: number): Promise<Canary[]> {
  const rows = await select(db, modelName).orderBy('id', 'desc').limit(limit).execute();
  return rows.map(fromRow);
}

/** The one that has traffic; undefined where none has. */
export async function findActiveCanary(db: Db, modelName: string): Promise<Canary | undefined> {
  const row = await select(db, modelName).where('status', 'in', ACTIVE_STATUSES).executeTakeFirst();
  return row && fromRow(row);
}

/** Newest first. */
export async function listWaitingCanaries(db: Db, modelName: string): Promise<Canary[]> {
  const rows = await select(db, modelName).where('status', '=', 'waiting').orderBy('id', 'desc').execute();
  return rows.map(fromRow);
}

export async function hasOpenCanary(db: Db, modelName: string): Promise<boolean> {
  const row = await select(db, modelName).where('status', 'in', OPEN_STATUSES).executeTakeFirst();
  return row !== undefined;
}

/** Versions on trial, or waiting for one: their files and aliases are the gate's. */
export async function listVersionsOnTrial(db: Db, modelName: string): Promise<number[]> {
  const rows = await select(db, modelName).where('status', 'in', OPEN_STATUSES).execute();
  return rows.map(({ version }) => version);
}

function select(db: Db, modelName: string) {
  return db.selectFrom('canaries').selectAll().where('model_name', '=', modelName);
}

function fromRow(row: Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>): Canary {
  return {
    id: row.id,
    modelName: row.model_name,
    version: row.version,
    champion: row.champion,
    status: row.status,
    outcome: row.outcome,
    rules: canaryRules.parse(row.rules),
    evidence: row.evidence as unknown as StoredEvidence | null,
    reason: row.reason,
    settledBy: row.settled_by,
    pipelineRunId: row.pipeline_run_id,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
