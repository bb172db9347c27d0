/**
 * What a job that explores draws by: read once, when its catalogue is split, and kept with it. What is
 * counted meanwhile must not make a shard that is predicted again another one.
 */
import { AppError } from '../../core/errors.ts';
import { jobWorkFolder } from '../../queues/index.ts';
import {
  parsePolicyKnowledge,
  readPolicyKnowledge,
  renderPolicyKnowledge,
  type PolicyKnowledge,
} from '../../serving/index.ts';
import type { JobContext } from '../loop/context.ts';

/** @returns the key of what was kept; null for a job that takes the best */
export async function keepPolicy({ job, attempt, services }: JobContext): Promise<string | null> {
  if (job.options.policy !== 'explore') return null;
  const { config, database, artifacts } = services;
  const knowledge = await readPolicyKnowledge(database.db, {
    floor: config.copy.explorationFloor,
    reward: config.learning.reward,
  });
  const key = `${jobWorkFolder(job.id)}/policy/${attempt}.json`;
  await artifacts.put(key, renderPolicyKnowledge(knowledge));
  return key;
}

/** Undefined for a job that takes the best. */
export async function openPolicy({
  job,
  services,
  resultOf,
}: JobContext): Promise<PolicyKnowledge | undefined> {
  if (job.options.policy !== 'explore') return undefined;
  const { policyKey } = await resultOf('split-catalogue');
  if (policyKey === null)
    throw new AppError('internal', `job ${job.id} explores, and has kept nothing to draw by`);
  return parsePolicyKnowledge(await services.artifacts.readText(policyKey));
}
