/**
 * Addresses that clients hand in for artifacts: of an experiment, of a model version. The server opens none
 * but its own.
 */
import { decodePercent } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { artifactKeyOf, type TrackingStore } from '../../tracking/index.ts';

/** Places that a client can reach by itself, wherever it runs; a path on some disk is no such place. */
const REMOTE_SCHEMES = new Set([
  'http',
  'https',
  's3',
  's3a',
  'r2',
  'gs',
  'wasb',
  'wasbs',
  'abfs',
  'abfss',
  'hdfs',
  'viewfs',
  'ftp',
  'sftp',
]);

/**
 * Addresses that name what is kept here: the registry resolves `models:/` and `runs:/` itself when a version
 * is made.
 */
const OURS = new Set(['mlflow-artifacts', 'models', 'runs']);

/** MLflow's own limit for an artifact_location, and enough for a source. */
const MAX_ADDRESS_CHARS = 2048;
/** Whoever encodes an address more often hides something. */
const MAX_ENCODINGS = 10;

/**
 * A client may keep an experiment's artifacts elsewhere and fetch them itself. Local paths are refused:
 * whoever works with the experiment
 * would read and write its own disk there (CVE-2023-6909, CVE-2024-1594 of MLflow).
 */
export function checkLocation(location: string | undefined): void {
  if (location === undefined || location === '') return;
  const scheme = schemeOf(location);
  const fault =
    location.length > MAX_ADDRESS_CHARS
      ? `it has ${location.length} characters, at most ${MAX_ADDRESS_CHARS} are taken`
      : scheme === 'mlflow-artifacts'
        ? findFaultOfOurs(location)
        : !REMOTE_SCHEMES.has(scheme ?? '')
          ? 'it is not an address that every client can reach'
          : leadsUp(location) || /[#?\\]/.test(location)
            ? "it may not hold '..', '\\', '#', '?' or control characters"
            : undefined;
  if (fault !== undefined)
    throw new AppError(
      'invalid-input',
      `Invalid artifact_location ${JSON.stringify(location.slice(0, 200))}: ${fault}; leave it out for copyloop's own store`,
    );
}

/**
 * What a version may be made of. Addresses in our store must lie below the run or logged model that they
 * claim; local paths and `file:`
 * are refused, since whoever loads the version would open them (CVE-2023-1177, CVE-2024-1483, CVE-2024-2928
 * and CVE-2024-3573 of MLflow).
 */
export async function checkSource(
  { source, runId, modelId }: { source: string; runId: string | undefined; modelId: string | undefined },
  tracking: TrackingStore,
): Promise<void> {
  const refuse = (reason: string): never => {
    throw new AppError('invalid-input', `Invalid model version source: '${source.slice(0, 200)}'. ${reason}`);
  };
  if (source.length > MAX_ADDRESS_CHARS)
    refuse(`It has ${source.length} characters, at most ${MAX_ADDRESS_CHARS} are taken.`);
  const scheme = schemeOf(source);
  if (!REMOTE_SCHEMES.has(scheme ?? '') && !OURS.has(scheme ?? ''))
    refuse(
      'To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id: copyloop keeps no artifacts at local paths, so log the model and register runs:/<run>/<path>.',
    );
  if (scheme === 'models') return;
  if (leadsUp(source) || (!OURS.has(scheme ?? '') && source.includes('\\')))
    refuse(
      "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present: no '..', '\\', '#' or control characters.",
    );
  if (scheme === 'runs' && runId !== undefined && /^runs:\/([^/]+)/.exec(source)?.[1] !== runId)
    refuse('It names another run than the run_id request parameter.');
  if (scheme !== 'mlflow-artifacts') return;
  const roots: string[] = [];
  if (runId !== undefined) roots.push((await tracking.runs.get(runId)).artifactUri);
  if (modelId !== undefined) roots.push((await tracking.loggedModels.get(modelId)).artifactUri);
  const key = artifactKeyOf(source);
  const isInside = roots.some(
    (root) => root.startsWith('mlflow-artifacts:') && `${key}/`.startsWith(`${artifactKeyOf(root)}/`),
  );
  if (!isInside)
    refuse(
      'To use an mlflow-artifacts path as a source, run_id or model_id has to be specified and the path has to be contained within the artifact directory of that run or logged model.',
    );
}

function schemeOf(address: string): string | undefined {
  return /^([a-z][a-z0-9+.-]{1,30}):/i.exec(address)?.[1]?.toLowerCase();
}

/** However often it is decoded. */
function leadsUp(address: string): boolean {
  let decoded = address;
  for (let encodings = 0; ; encodings += 1) {
    const next = decodePercent(decoded);
    if (next === decoded) break;
    if (encodings === MAX_ENCODINGS) return true;
    decoded = next;
  }
  // eslint-disable-next-line no-control-regex
  return /(?:^|[/\\:])\.\.(?:[/\\?#;]|$)|[\u0000-\u0008\u000a-\u001f#]/.test(decoded);
}

function findFaultOfOurs(location: string): string | undefined {
  try {
    artifactKeyOf(location);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
