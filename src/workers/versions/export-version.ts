/** Takes a model version out of the registry: its directory, proven, at a place of the user's choice. */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { pathExists } from '../../core/path-exists.ts';
import { writeWholeFolder } from '../../core/whole-folder.ts';
import { halveWeights, verifyModelDirectory } from '../../ml/index.ts';
import type { ModelVersion, TrackingStore } from '../../tracking/index.ts';
import { fetchModel } from '../stages/model-files.ts';

export interface ExportRequest {
  name: string;
  /** A number, or an alias such as `champion`. */
  version: number | string;
  directory: string;
  /** Of model.safetensors; the ONNX graphs are fp32 and int8 either way. */
  dtype: 'float32' | 'float16';
}

/**
 * The directory appears whole or not at all.
 *
 * @throws AppError `not-found` for an unknown version or alias; `already-exists` when something lies at the
 *   directory; `bad-model` when the stored files are not what was registered
 */
export async function exportVersion(
  { name, version, directory, dtype }: ExportRequest,
  {
    artifacts,
    registry,
    signal,
  }: { artifacts: ArtifactStore; registry: TrackingStore['registry']; signal: AbortSignal },
): Promise<ModelVersion> {
  const found =
    typeof version === 'number'
      ? await registry.getVersion(name, version)
      : await registry.findAlias(name, version);
  if (found === undefined) throw new AppError('not-found', `model ${name} has no alias "${version}"`);
  if (await pathExists(directory))
    throw new AppError('already-exists', `${directory} exists already: name another directory`);
  await writeWholeFolder(
    directory,
    async (partial) => {
      await fetchModel(artifacts, found.filesUri, partial, signal);
      await verifyModelDirectory(partial);
      if (dtype === 'float16') await halveWeights(partial);
    },
    { signal },
  );
  return found;
}
