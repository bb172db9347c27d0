/** Whether a training would give, bit by bit, the weights of one that was done. */
import os from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { readBaseModel, resolveBaseDirectory } from '../base/index.ts';
import { describeInputs, describeRuntime, type Provenance } from '../provenance/index.ts';
import type { TrainRequest } from './protocol.ts';

/**
 * The same rows, seed, base, runtimes, kernels and threads; a version of other number with the same rows is
 * the same. Whether code and recipe are, the caller must know: this process may run from elsewhere, and of a
 * recipe that was settled one cannot tell what it had left open.
 * @throws as reading the base model does
 */
export async function repeatsTraining(
  request: TrainRequest,
  done: Provenance,
  signal?: AbortSignal,
): Promise<boolean> {
  if (request.dataset?.digest !== done.dataset?.digest || request.seed !== done.seed) return false;
  const { dataset: _, recipe: _recipe, weightsSha256: _weights, code: _code, ...known } = done;
  const {
    dataset: _planned,
    code: _now,
    ...planned
  } = await describeInputs({
    dataset: null,
    trainFile: request.trainFile,
    validationFile: request.validationFile,
    seed: request.seed,
    base: await readBaseModel(await resolveBaseDirectory(request.base, request, signal)),
    baseName: request.base,
    threads: request.threads === 0 ? os.availableParallelism() : request.threads,
  });
  return isDeepStrictEqual(known, { ...planned, runtime: await describeRuntime(done.runtime.backend) });
}
