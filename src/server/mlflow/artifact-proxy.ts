/** `/mlflow-artifacts/*`: files up and down as streams, whatever their size and type. */
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { parseArtifactFolder, parseArtifactKey, type ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { artifactKeyOf, MLFLOW_FOLDER, type TrackingStore } from '../../tracking/index.ts';
import type { AppEnv } from '../http/index.ts';
import { checkFileChange } from '../guard-served.ts';
import { renderFiles } from './files.ts';
import type { RouteContext } from './route.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

export interface ArtifactProxy {
  list: Handler;
  download: Handler;
  upload: Handler;
  remove: Handler;
  /** `GET /get-artifact?run_uuid=&path=`, for MLflow's web pages. */
  downloadOfRun: Handler;
  /** `GET /model-versions/get-artifact?name=&version=&path=`. */
  downloadOfVersion: Handler;
  /** `GET .../logged-models/:model_id/artifacts/files?artifact_file_path=`. */
  downloadOfModel: Handler;
  /** `POST .../upload-artifact?run_uuid=&path=`, the body being the file. */
  uploadOfRun: Handler;
}

export function createArtifactProxy({
  artifacts,
  tracking,
  contextOf,
}: {
  artifacts: ArtifactStore;
  tracking: TrackingStore;
  contextOf: (c: Context<AppEnv>) => RouteContext;
}): ArtifactProxy {
  const send = async (c: Context<AppEnv>, key: string): Promise<Response> => {
    const sizeBytes = await artifacts.sizeOf(key);
    if (sizeBytes === undefined)
      throw new AppError('not-found', `No such artifact: '${key.split('/').slice(1).join('/')}'`);
    const name = encodeURIComponent(key.split('/').at(-1) ?? 'artifact');
    c.header('Content-Type', 'application/octet-stream');
    c.header('Content-Length', String(sizeBytes));
    // Never shown in the browser: what a client uploaded is no page of ours.
    c.header('Content-Disposition', `attachment; filename*=UTF-8''${name}`);
    c.header('X-Content-Type-Options', 'nosniff');
    if (c.req.method === 'HEAD') return c.body(null);
    return c.body(Readable.toWeb(await artifacts.get(key)) as ReadableStream);
  };

  return {
    list: async (c) => {
      const folder = parseArtifactFolder(c.req.query('path') ?? '');
      const root = folder === '' ? MLFLOW_FOLDER : `${MLFLOW_FOLDER}/${folder}`;
      return c.json({ files: renderFiles(await artifacts.listFolder(root), root) });
    },
    download: async (c) => await send(c, keyOfPath(c, parseArtifactFolder)),
    upload: async (c) => {
      const key = keyOfPath(c);
      // What lists and downloads know by its name within the run must be a path there, too: no `c:`, no
      // `file:`.
      parseArtifactKey(key.replace(/^.*?\/artifacts\//, ''));
      await checkFileChange(key, contextOf(c), tracking);
      const { body } = c.req.raw;
      await artifacts.put(key, body === null ? '' : Readable.fromWeb(body as NodeReadableStream<Uint8Array>));
      return c.json({});
    },
    remove: async (c) => {
      const key = keyOfPath(c, parseArtifactFolder);
      await checkFileChange(key, contextOf(c), tracking);
      await artifacts.delete(key);
      await artifacts.deletePrefix(key);
      return c.json({});
    },
    downloadOfRun: async (c) => {
      const runId = c.req.query('run_uuid') ?? c.req.query('run_id') ?? '';
      const path = parseFile(c.req.query('path'));
      return await send(c, artifactKeyOf((await tracking.runs.get(runId)).artifactUri, path));
    },
    downloadOfVersion: async (c) => {
      const path = parseFile(c.req.query('path'));
      const version = Number(c.req.query('version'));
      if (!Number.isInteger(version))
        throw new AppError('invalid-input', "Missing value for required parameter 'version'.");
      const { filesUri } = await tracking.registry.getVersion(c.req.query('name') ?? '', version);
      return await send(c, artifactKeyOf(filesUri, path));
    },
    downloadOfModel: async (c) => {
      const path = parseFile(c.req.query('artifact_file_path'));
      const { artifactUri } = await tracking.loggedModels.get(c.req.param('model_id') ?? '');
      return await send(c, artifactKeyOf(artifactUri, path));
    },
    uploadOfRun: async (c) => {
      const { run_uuid: runId = '', path = '' } = c.req.query();
      if (runId === '') throw new AppError('invalid-input', 'Request must specify run_uuid.');
      if (path === '') throw new AppError('invalid-input', 'Request must specify path.');
      parseArtifactKey(path);
      const { body } = c.req.raw;
      if (body === null || c.req.header('content-length') === '0')
        throw new AppError('invalid-input', 'Request must specify data.');
      const key = artifactKeyOf((await tracking.runs.get(runId)).artifactUri, path);
      await checkFileChange(key, contextOf(c), tracking);
      await artifacts.put(key, Readable.fromWeb(body as NodeReadableStream<Uint8Array>));
      return c.json({});
    },
  };
}

/** The path of a file to be read; `model/` is no file, and is looked for as `model`. */
function parseFile(path = ''): string {
  return parseArtifactFolder(path) || parseArtifactKey(path);
}

/**
 * What stands behind `/artifacts/` in the address, decoded once: whatever is still encoded then is checked as
 * such. A percent sign that
 * encodes nothing stands for itself, as for MLflow's server.
 */
function keyOfPath(c: Context<AppEnv>, parse = parseArtifactKey): string {
  const { pathname } = new URL(c.req.url);
  const encoded = pathname.replace(/^.*?\/mlflow-artifacts\/artifacts\//, '');
  let path: string;
  try {
    path = decodeURIComponent(encoded.replaceAll(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch (cause) {
    throw new AppError(
      'invalid-input',
      `Invalid path ${JSON.stringify(encoded.slice(0, 200))}: not percent-encoded UTF-8`,
      { cause },
    );
  }
  return parseArtifactKey(`${MLFLOW_FOLDER}/${parse(path)}`);
}
