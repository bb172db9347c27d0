/** Whether candidates can be trained, asked before a run takes the slot and builds a dataset for them. */
import { AppError, toAppError } from '../core/errors.ts';
import { readRecipe } from '../ml/index.ts';
import type { RunOptions } from './run-options.ts';

/** @throws AppError `invalid-config` naming the candidate and what its recipe refuses */
export async function checkCandidates({
  candidates,
  model,
}: Pick<RunOptions, 'candidates' | 'model'>): Promise<void> {
  for (const { name, recipe, settings } of candidates) {
    await readRecipe(model.recipes, recipe, settings).catch((cause: unknown) => {
      const { code, message } = toAppError(cause);
      throw new AppError(code, `the candidate "${name}" cannot be trained: ${message}`, {
        cause,
        details: { field: 'candidates', candidate: name },
      });
    });
  }
}
