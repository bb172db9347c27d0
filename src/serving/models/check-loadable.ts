/**
 * Whether a version could serve, before an alias says that it does: a champion that nobody can load leaves
 * every new server not ready.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError, toError } from '../../core/errors.ts';
import { parseManifest } from '../../ml/index.ts';
import { artifactKeyOf, type ModelVersion } from '../../tracking/index.ts';

const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/**
 * Looks for every file that the manifest names, by its size. What is in them is read when the version is
 * loaded.
 * @throws AppError `bad-model`
 */
export async function checkLoadable(
  artifacts: ArtifactStore,
  { name, version, filesUri }: Pick<ModelVersion, 'name' | 'version' | 'filesUri'>,
): Promise<void> {
  const refuse = (reason: string, cause?: unknown): AppError =>
    new AppError(
      'bad-model',
      `version ${version} of ${name} cannot be served: ${reason}; register a model directory of copyloop, or take another version`,
      { cause },
    );
  const root = toRoot();
  const sizes = new Map((await artifacts.list(root)).map(({ key, sizeBytes }) => [key, sizeBytes]));
  const manifestKey = `${root}/copyloop.json`;
  const manifestBytes = sizes.get(manifestKey);
  if (manifestBytes === undefined) throw refuse(`there is no copyloop.json at ${filesUri}`);
  if (manifestBytes > MAX_MANIFEST_BYTES) throw refuse(`its copyloop.json has ${manifestBytes} bytes`);
  const { files } = parseManifest(await artifacts.readText(manifestKey), `${filesUri}/copyloop.json`);
  for (const [file, { bytes }] of Object.entries(files)) {
    const size = sizes.get(`${root}/${file}`);
    if (size === undefined) throw refuse(`${file} is missing at ${filesUri}`);
    if (size !== bytes) throw refuse(`${file} has ${size} bytes instead of ${bytes}`);
  }

  function toRoot(): string {
    try {
      return artifactKeyOf(filesUri);
    } catch (thrown) {
      throw refuse(toError(thrown).message, thrown);
    }
  }
}
