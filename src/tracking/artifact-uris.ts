/**
 * Where in the artifact store the files of runs and logged models lie: `mlflow-artifacts:/0/<run>/artifacts`
 * is `mlflow/0/<run>/artifacts`.
 */
import { parseArtifactFolder, parseArtifactKey } from '../core/artifact-store.ts';
import { AppError } from '../core/errors.ts';
import { stripEnd } from '../core/strip-end.ts';

const SCHEME = 'mlflow-artifacts:';

/**
 * Everything that the MLflow protocol may touch lies below it, so that a client reaches no dataset and no
 * report of ours.
 */
export const MLFLOW_FOLDER = 'mlflow';

/**
 * Key of `path` below the artifact URI of a run or logged model; of its folder when `path` is left out.
 * `model/` is `model`, as everywhere.
 * @throws AppError `invalid-input` for URIs that this store does not hold and paths that lead out of it
 */
export function artifactKeyOf(artifactUri: string, path = ''): string {
  const shown = artifactUri.slice(0, 200);
  const rest = artifactUri.startsWith(SCHEME) ? artifactUri.slice(SCHEME.length) : '';
  const [host = ''] = rest.startsWith('//') ? rest.slice(2).split('/', 1) : [];
  const folder = stripEnd(rest.slice(host === '' ? 0 : host.length + 2).replace(/^\/+/, ''), /\//);
  if (!rest.startsWith('/') || folder === '')
    throw new AppError(
      'invalid-input',
      `artifacts at ${shown} are not kept by copyloop: only mlflow-artifacts:/ addresses are`,
    );
  if (host !== '' || folder.includes('?'))
    throw new AppError(
      'invalid-input',
      `artifacts at ${shown} are refused: an mlflow-artifacts: address names no host and no query, its server is the tracking server`,
    );
  const below = parseArtifactFolder(path);
  const key = below === '' ? folder : `${folder}/${below}`;
  return parseArtifactKey(`${MLFLOW_FOLDER}/${parseArtifactKey(key)}`);
}
