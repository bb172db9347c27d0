/**
 * Where files are kept: a folder or an S3 bucket, behind one interface. Keys are relative paths of
 * '/'-separated names
 * (`runs/20261123/model/config.json`). A write is seen whole or not at all, and what is read is checked
 * against its sha256.
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

/**
 * Every method throws `invalid-input` for a key that `parseArtifactKey` refuses and `not-found` where there
 * is nothing to read.
 */
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
 * `epoch:3` is a name; these before a colon make an address of it, and so does one letter, which is a drive.
 */
const SCHEMES = new Set([
  'data',
  'dbfs',
  'file',
  'ftp',
  'gs',
  'hdfs',
  'http',
  'https',
  'javascript',
  'mlflow-artifacts',
  'models',
  'runs',
  's3',
  'sftp',
]);

/**
 * Checks a key and returns it. Refused: empty, absolute, `.` and `..` between separators of any system,
 * control characters but the tab, `#`,
 * schemes and drives (`file:`, `C:`), and whatever becomes one of these when it is percent-decoded, however
 * often
 * (CVE-2023-1177, CVE-2023-6909, CVE-2024-3848 of MLflow).
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

/** Every percent-encoded byte decoded once, so that one bad sequence does not hide the others. */
export function decodePercent(text: string): string {
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
  );
}

function findFault(key: string): string | undefined {
  if (key.length > MAX_KEY_BYTES || Buffer.byteLength(key) > MAX_KEY_BYTES)
    return `longer than ${MAX_KEY_BYTES} bytes`;
  if (Buffer.from(key).toString() !== key) return 'not well-formed Unicode';
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(key)) return 'a control character';
  const fault = findFaultOfForm(key);
  if (fault !== undefined) return fault;
  // MLflow's clients up to 3.10 name images `key%step%12%timestamp%1764500000000%<uuid>.png`: these percent
  // signs encode nothing.
  for (let form = key.replaceAll(/%step%\d{1,19}%timestamp%\d{1,19}%/g, ''); ;) {
    const decoded = decodePercent(form);
    if (decoded === form) return undefined;
    const hidden = decoded.includes('\0') ? 'a control character' : findFaultOfForm(decoded);
    if (hidden !== undefined) return `percent-decoded it has ${hidden}`;
    form = decoded;
  }
}

function findFaultOfForm(form: string): string | undefined {
  if (form === '') return 'an empty path';
  if (form.includes('#')) return "a '#'";
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*(?=:)/.exec(form.slice(0, 40))?.[0].toLowerCase();
  if (
    scheme !== undefined &&
    (scheme.length === 1 || SCHEMES.has(scheme) || form.startsWith('://', scheme.length))
  )
    return 'a scheme or drive';
  if (form.startsWith('/')) return "a leading '/'";
  for (const name of form.split('/')) {
    if (name === '') return "an empty name between two '/'";
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `a name longer than ${MAX_NAME_BYTES} bytes`;
    // A name may hold a backslash, which separates names on Windows.
    for (const part of name.split('\\')) {
      if (part === '') return 'a backslash at an end of a name';
      if (part === '.' || part === '..') return `the name '${part}'`;
    }
  }
  return undefined;
}
