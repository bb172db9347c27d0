/** What one backup consists of. Writing it is the commit: a backup without it is none. */
import { z } from 'zod';
import { compareKeys, type ArtifactStore } from '../core/artifact-store.ts';
import { AppError, orMissing } from '../core/errors.ts';
import { BACKUPS_FOLDER } from './place.ts';
import type { Seal } from './seal.ts';

const contentSchema = z.strictObject({
  sha256: z.string(),
  sizeBytes: z.int().min(0),
  chunks: z.array(z.string()),
});

const manifestSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  copyloop: z.string(),
  /** Of the schema that the tables are of, in the order in which they were applied. */
  migrations: z.array(z.string()),
  tables: z.array(
    z.strictObject({
      name: z.string(),
      columns: z.array(z.string()),
      rows: z.int().min(0),
      content: contentSchema,
    }),
  ),
  /** Last value that a sequence gave out; null: none yet. */
  sequences: z.array(z.strictObject({ name: z.string(), lastValue: z.string().nullable() })),
  artifacts: z.array(z.strictObject({ key: z.string(), content: contentSchema })),
  /** Artifacts that were deleted while the backup was made. */
  gone: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

const SEALED = '.sealed';
const PLAIN = '.json';

const keyOf = (id: string, seal: Seal): string =>
  `${BACKUPS_FOLDER}/${id}${seal.isEncrypted ? SEALED : PLAIN}`;

export async function writeManifest(place: ArtifactStore, seal: Seal, manifest: Manifest): Promise<void> {
  const text = Buffer.from(JSON.stringify(manifest));
  await place.put(keyOf(manifest.id, seal), seal.close(`backup ${manifest.id}`, text));
}

/** Ids of the backups at a place, oldest first. */
export async function listBackups(place: ArtifactStore): Promise<string[]> {
  const entries = await place.listFolder(BACKUPS_FOLDER);
  return entries
    .filter(({ isFolder }) => !isFolder)
    .toSorted(compareKeys)
    .map(({ key }) => key.slice(BACKUPS_FOLDER.length + 1).replace(/\.(sealed|json)$/, ''));
}

/**
 * @param id undefined: the newest
 * @throws AppError `not-found`; `invalid-input` where the key is missing or not needed; `bad-data`
 */
export async function readManifest(
  place: ArtifactStore,
  seal: Seal,
  id: string | undefined,
): Promise<Manifest> {
  const wanted = id ?? (await listBackups(place)).at(-1);
  if (wanted === undefined)
    throw new AppError(
      'not-found',
      'there is no backup at that place: "copyloop backup --out PLACE" makes one',
    );
  const other = { ...seal, isEncrypted: !seal.isEncrypted };
  const stored = await orMissing(readBytes(place, keyOf(wanted, seal)));
  if (stored === undefined) {
    if (!(await place.exists(keyOf(wanted, other))))
      throw new AppError('not-found', `there is no backup ${wanted}`);
    throw new AppError(
      'invalid-input',
      seal.isEncrypted
        ? `backup ${wanted} is not encrypted: leave out --key-file`
        : `backup ${wanted} is encrypted: --key-file FILE names the key that it was made with`,
    );
  }
  const text = Buffer.from(seal.open(`backup ${wanted}`, stored)).toString();
  const parsed = manifestSchema.safeParse(parseList(text, wanted));
  if (!parsed.success)
    throw new AppError(
      'unsupported',
      `backup ${wanted} is of a form that this version cannot read (${z.prettifyError(parsed.error)}): use the version that made it, or a later one`,
    );
  return parsed.data;
}

function parseList(text: string, id: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError(
      'bad-data',
      `the list of backup ${id} is damaged or cut short, and nothing says any more what belongs to it: restore another by --id`,
    );
  }
}

export async function deleteManifest(place: ArtifactStore, seal: Seal, id: string): Promise<void> {
  await place.delete(keyOf(id, seal));
}

async function readBytes(place: ArtifactStore, key: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of await place.get(key)) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}
