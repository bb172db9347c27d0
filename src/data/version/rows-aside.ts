/** Rows that are left out of later versions because a person said so, and how they come back. */
import { sql } from 'kysely';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import { hashContent, SPLITS } from './content.ts';
import type { DatasetRow } from './dataset-row.ts';
import { openSplit, type DatasetVersion } from './dataset-versions.ts';

export interface RowAside {
  /** Hash of its text, in hexadecimal. */
  content: string;
  title: string;
  label: number;
  reason: string;
  datasetVersion: number;
  setAsideAt: Date;
}

/** Those that are left out, by their hash, and those that shall be in again. */
export async function readRowsAside(
  db: Db,
): Promise<{ contents: ReadonlySet<string>; returned: DatasetRow[] }> {
  const rows = await db.selectFrom('dataset_rows_aside').select(['content', 'row', 'returned_at']).execute();
  const contents = new Set<string>();
  const returned: DatasetRow[] = [];
  for (const { content, row, returned_at: returnedAt } of rows) {
    if (returnedAt === null) contents.add(content.toString('hex'));
    else returned.push(row as DatasetRow);
  }
  return { contents, returned };
}

/**
 * @param contents hashes, as findings name them
 * @throws AppError `not-found` for a row that the version does not hold
 */
export async function setRowsAside(
  { db, store }: { db: Db; store: ArtifactStore },
  version: DatasetVersion,
  contents: readonly string[],
  reason: string,
): Promise<void> {
  const wanted = new Set(contents);
  const found = new Map<string, DatasetRow>();
  for (const split of SPLITS) {
    for await (const row of openSplit(store, version, split)) {
      const content = hashContent(row.title, row.description).toString('hex');
      if (wanted.has(content)) found.set(content, row);
    }
  }
  const missing = contents.filter((content) => !found.has(content));
  if (missing.length > 0) {
    throw new AppError(
      'not-found',
      `dataset version ${version.version} holds no row ${missing.slice(0, 3).join(', ')}: its findings and rows name theirs (content)`,
    );
  }
  await db
    .insertInto('dataset_rows_aside')
    .values(
      [...found].map(([content, row]) => ({
        content: Buffer.from(content, 'hex'),
        row: JSON.stringify(row),
        reason,
        dataset_version: version.version,
      })),
    )
    .onConflict((conflict) =>
      conflict.column('content').doUpdateSet({
        reason,
        dataset_version: version.version,
        set_aside_at: sql`now()`,
        returned_at: null,
      }),
    )
    .execute();
}

/** Into the next version again. @throws AppError `not-found` for one that is not set aside */
export async function returnRow(db: Db, content: string): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('dataset_rows_aside')
    .set({ returned_at: sql`now()` })
    .where('content', '=', Buffer.from(content, 'hex'))
    .where('returned_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new AppError('not-found', `no row ${content} is set aside`);
}

/** Newest first. */
export async function listRowsAside(db: Db, limit: number): Promise<RowAside[]> {
  const rows = await db
    .selectFrom('dataset_rows_aside')
    .selectAll()
    .where('returned_at', 'is', null)
    .orderBy('set_aside_at', 'desc')
    .orderBy('content')
    .limit(limit)
    .execute();
  return rows.map(({ content, row, reason, dataset_version, set_aside_at }) => {
    const { title, label } = row as DatasetRow;
    const at = { datasetVersion: dataset_version, setAsideAt: set_aside_at };
    return { content: content.toString('hex'), title, label, reason, ...at };
  });
}
