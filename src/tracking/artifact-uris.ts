/** Where in the artifact store the files of runs and logged models lie: `mlflow-artifacts:/0/<run>/artifacts` is `mlflow/0/<run>/artifacts`. */
import { parseArtifactKey } from '../core/artifact-store.ts';
import { AppError } from '../core/errors.ts';

/** Everything that the MLflow protocol may touch lies below it, so that a client reaches no dataset and no report of ours. */
export const MLFLOW_FOLDER = 'mlflow';

/**
 * Key of `path` below the artifact URI of a run or logged model; of its folder when `path` is left out.
 * @throws AppError `invalid-input` for URIs that this store does not hold and paths that lead out of it
 */
export function artifactKeyOf(artifactUri: string, path = ''): string {
  const match = /^mlflow-artifacts:(\/\/[^/]*)?\/+(.*)$/.exec(artifactUri);
  const folder = (match?.[2] ?? '').replace(/\/+$/, '');
  if (match === null || folder === '')
    throw new AppError(
      'invalid-input',
      `artifacts at ${artifactUri} are not kept by copyloop: only mlflow-artifacts:/ addresses are`,
    );
  if ((match[1] ?? '//') !== '//' || folder.includes('?'))
    throw new AppError(
      'invalid-input',
      `artifacts at ${artifactUri} are refused: an mlflow-artifacts: address names no host and no query, its server is the tracking server`,
    );
  const key = path === '' ? folder : `${folder}/${parseArtifactKey(path)}`;
  return parseArtifactKey(`${MLFLOW_FOLDER}/${parseArtifactKey(key)}`);
}
