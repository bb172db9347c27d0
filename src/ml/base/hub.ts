/**
 * Where a base model lies: a directory of this machine, or a repository of the Hugging Face hub brought into
 * a cache.
 */
import path from 'node:path';
import { downloadFile, HubApiError } from '@huggingface/hub';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import { packageRoot } from '../../core/paths.ts';
import { removePartialFolders, writeWholeFolder } from '../../core/whole-folder.ts';
import { isFile, OPTIONAL_FILE, TOKENIZER_FILES } from './model.ts';
import { writeAtomically } from '../models/index.ts';

const BASE_FILES = ['config.json', 'model.safetensors', ...TOKENIZER_FILES] as const;

export interface Hub {
  /** Where hub models are kept. */
  readonly cacheDirectory: string;
  /** A mirror that speaks the hub's protocol; default https://huggingface.co. */
  readonly hubUrl?: string | undefined;
  /** How long the hub may send nothing before a download is given up. */
  readonly stallTimeoutMs?: number | undefined;
}

const STALL_TIMEOUT_MS = 60_000;
/**
 * A folder of a download grows a file at a time, each within hours; one this old belongs to a process that
 * was killed.
 */
const PARTIAL_AGE_MS = 24 * 60 * 60 * 1000;

/** The hub as an installation is configured. */
export function hubOf({ storage, model }: Pick<Config, 'storage' | 'model'>): Hub {
  return { cacheDirectory: path.resolve(storage.varDir, 'hub'), hubUrl: model.hubUrl };
}

/** Where a base model is to be had: in a directory of this machine, or on the hub under an id. */
export type BasePlace = { directory: string } | { hubId: string };

/**
 * Looks for a base model and fetches nothing. A path is resolved against the working directory and against
 * the package (so that `assets/encoder` works from anywhere); anything else of the form `owner/name` is a hub
 * id.
 *
 * @throws AppError `not-found` for what is neither
 */
export async function findBase(base: string): Promise<BasePlace> {
  for (const candidate of [path.resolve(base), path.resolve(packageRoot, base)]) {
    if (await isFile(path.join(candidate, 'config.json'))) return { directory: candidate };
  }
  if (!/^[\w.-]+\/[\w.-]+$/.test(base) || base.startsWith('.')) {
    throw new AppError(
      'not-found',
      `the base model "${base}" is neither a directory with a config.json nor a hub id (owner/name)`,
    );
  }
  return { hubId: base };
}

/**
 * The local directory of a base model; one of the hub is fetched once.
 *
 * @throws AppError `unavailable` when the hub cannot be reached or falls silent, `not-found` when there is no
 *   such model; the signal's reason when it is aborted
 */
export async function resolveBaseDirectory(base: string, hub: Hub, signal?: AbortSignal): Promise<string> {
  const place = await findBase(base);
  if ('directory' in place) return place.directory;
  const directory = path.join(hub.cacheDirectory, place.hubId.replace('/', '--'));
  if (!(await isFile(path.join(directory, 'config.json'))))
    await fetchFromHub(place.hubId, directory, hub, signal);
  return directory;
}

/** Whole or not at all: the files are gathered beside the directory, which appears with all of them. */
async function fetchFromHub(
  repo: string,
  directory: string,
  hub: Hub,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  await removePartialFolders(hub.cacheDirectory, { olderThanMs: PARTIAL_AGE_MS });
  await writeWholeFolder(
    directory,
    async (partial) => {
      for (const name of BASE_FILES) {
        signal?.throwIfAborted();
        const bytes = await download(repo, name, hub, signal);
        if (bytes !== null) await writeAtomically(path.join(partial, name), [bytes]);
        else if (name !== OPTIONAL_FILE)
          throw new AppError('not-found', `the hub's model "${repo}" has no ${name}`);
      }
    },
    { isThere: async () => await isFile(path.join(directory, 'config.json')) },
  );
}

/** A file of a repository; null when the repository has none of that name. */
async function download(
  repo: string,
  name: string,
  { hubUrl, stallTimeoutMs = STALL_TIMEOUT_MS }: Hub,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  const { send, isStalled, close } = openDownloadFetch(stallTimeoutMs, signal);
  try {
    const blob = await downloadFile({
      repo,
      path: name,
      fetch: send,
      ...(hubUrl !== undefined && { hubUrl }),
    });
    return blob === null ? null : new Uint8Array(await blob.arrayBuffer());
  } catch (thrown) {
    signal?.throwIfAborted();
    const { message } = toError(thrown);
    // The hub says "unauthorized" of what does not exist, to those who could not see it anyway.
    if (thrown instanceof HubApiError && [401, 403, 404].includes(thrown.statusCode)) {
      throw new AppError('not-found', `the hub has no public model "${repo}" (${message})`, {
        cause: thrown,
      });
    }
    const why = isStalled() ? `it sent nothing for ${stallTimeoutMs / 1000} s` : message;
    throw new AppError(
      'unavailable',
      `${name} of "${repo}" cannot be fetched from the Hugging Face hub (${why}); give a local directory as the base model where there is no network`,
      { cause: thrown },
    );
  } finally {
    close();
  }
}

/**
 * The fetch of one download, for a client that takes a fetch but no signal: it hears the caller's and notices
 * silence.
 */
interface DownloadFetch {
  /** As fetch; every byte that arrives by it counts. */
  readonly send: typeof fetch;
  /** Whether nothing has arrived for so long that all requests were given up. */
  isStalled(): boolean;
  /** Ends what is still under way. */
  close(): void;
}

/** The platform's own fetch underneath, so that a proxy that is set for it holds here too. */
function openDownloadFetch(stallTimeoutMs: number, signal?: AbortSignal): DownloadFetch {
  const aborter = new AbortController();
  const signals = AbortSignal.any(signal === undefined ? [aborter.signal] : [aborter.signal, signal]);
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    aborter.abort();
  }, stallTimeoutMs);
  const send: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, signal: signals });
    timer.refresh();
    return watchBody(response, () => timer.refresh());
  };
  return {
    send,
    isStalled: () => stalled,
    close: () => {
      clearTimeout(timer);
      aborter.abort();
    },
  };
}

/** The same response, telling of each part of its body as it arrives. */
function watchBody(response: Response, onBytes: () => void): Response {
  if (response.body === null) return response;
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => {
      onBytes();
      controller.enqueue(bytes);
    },
  });
  const { status, statusText, headers, url } = response;
  const watched = new Response(response.body.pipeThrough(watch), { status, statusText, headers });
  // The hub's client asks where redirects led; a response that was made knows of none.
  return Object.defineProperty(watched, 'url', { value: url });
}
