import { AppError } from '../core/errors.ts';
import type { ExperimentStore } from './tracking-store.ts';

/** The id of the active experiment of that name, made when there is none, however many ask at once. */
export async function ensureExperiment(
  store: Pick<ExperimentStore, 'create' | 'findByName'>,
  name: string,
): Promise<string> {
  const found = await store.findByName(name);
  if (found?.lifecycleStage === 'active') return found.experimentId;
  if (found !== undefined)
    throw new AppError(
      'conflict',
      `experiment '${name}' is deleted: restore it, or set model.experiment to another name`,
    );
  try {
    return await store.create({ name });
  } catch (error) {
    // Another process was quicker.
    const made = await store.findByName(name);
    if (made === undefined) throw error;
    return made.experimentId;
  }
}
