/**
 * Where files are kept: a folder or an S3 bucket, behind one interface. Keys are relative paths of '/'-separated names
 * (`runs/20261123/model/config.json`). A write is seen whole or not at all, and what is read is checked against its sha256.
 */
import type { Readable } from 'node:stream';
import { AppError } from './errors.ts';

export interface StoredArtifact {
  sha256: string;
  sizeBytes: number;
}

export interface ArtifactEntry {
  key: string;
  sizeBytes: number;
}

/** One name in a folder of the store; `sizeBytes` is 0 for folders. */
export interface FolderEntry extends ArtifactEntry {
  isFolder: boolean;
}

export type ArtifactBody = AsyncIterable<Uint8Array> | Uint8Array | string;

/** Every method throws `invalid-input` for a key that `parseArtifactKey` refuses and `not-found` where there is nothing to read. */
export interface ArtifactStore {
  put(key: string, body: ArtifactBody): Promise<StoredArtifact>;
  putFile(key: string, file: string): Promise<StoredArtifact>;
  /** The stream ends with an error (`bad-data`) when the bytes are not those that were written. */
  get(key: string): Promise<Readable>;
  readText(key: string): Promise<string>;
  /** Writes the artifact to `file`, whose folder is made; nothing is left there when it is damaged. */
  fetchFile(key: string, file: string): Promise<void>;
  /** All artifacts below the folder `prefix` ('' for all), in the order of their keys. */
  list(prefix: string): Promise<ArtifactEntry[]>;
  /** Names directly in the folder `prefix`, in the order of their keys. */
  listFolder(prefix: string): Promise<FolderEntry[]>;
  /** Size of the artifact; undefined when there is none. */
  sizeOf(key: string): Promise<number | undefined>;
  exists(key: string): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Deletes everything below the folder `prefix`; '' is refused. */
  deletePrefix(prefix: string): Promise<void>;
}

const MAX_KEY_BYTES = 900;
const MAX_NAME_BYTES = 240;

/**
 * Checks a key and returns it. Refused: empty, absolute, `.` and `..`, `\`, control characters, `#`, schemes and drives (`file:`, `C:`),
 * and whatever becomes one of these when it is percent-decoded, however often (CVE-2023-1177, CVE-2023-6909, CVE-2024-3848 of MLflow).
 * @throws AppError `invalid-input`
 */
export function parseArtifactKey(key: string): string {
  const reason = findFault(key);
  if (reason !== undefined)
    throw new AppError('invalid-input', `Invalid path ${JSON.stringify(key.slice(0, 200))}: ${reason}`);
  return key;
}

/** As `parseArtifactKey`, with '' for the root and one trailing '/' allowed. */
export function parseArtifactFolder(prefix: string): string {
  const trimmed = prefix.endsWith('/') && prefix !== '/' ? prefix.slice(0, -1) : prefix;
  return trimmed === '' ? '' : parseArtifactKey(trimmed);
}

/** Order of listings: by UTF-16 code unit. */
export function compareKeys(a: ArtifactEntry, b: ArtifactEntry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function findFault(key: string): string | undefined {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `longer than ${MAX_KEY_BYTES} bytes`;
  if (Buffer.from(key).toString() !== key) return 'not well-formed Unicode';
  for (let form = key; ;) {
    const fault = findFaultOfForm(form);
    if (fault !== undefined) return form === key ? fault : `percent-decoded it has ${fault}`;
    const decoded = decodePercent(form);
    if (decoded === form) return undefined;
    form = decoded;
  }
}

function findFaultOfForm(form: string): string | undefined {
  if (form === '') return 'an empty path';
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(form)) return 'a control character';
  if (form.includes('\\')) return "a '\\'";
  if (form.includes('#')) return "a '#'";
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(form)) return 'a scheme or drive';
  if (form.startsWith('/')) return "a leading '/'";
  for (const name of form.split('/')) {
    if (name === '') return "an empty name between two '/'";
    if (name === '.' || name === '..') return `the name '${name}'`;
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `a name longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
}

/** Decodes byte by byte, so that one bad sequence does not hide the others. */
function decodePercent(text: string): string {
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
  );
}
