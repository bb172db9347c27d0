import type { ColumnType } from 'kysely';

export interface DatasetVersionsTable {
  /** Given in the transaction that commits the row: 1, 2, 3, ... without gaps. */
  version: number;
  /** The pipeline run that made it; a run makes one. */
  run_id: string;
  parent_version: number | null;
  /** sha256 of the sorted content. */
  digest: string;
  /** Folder of the artifact store that holds its files. */
  key_prefix: string;
  row_count: number;
  /** The manifest as src/data/manifest.ts defines it; written as JSON text. */
  manifest: ColumnType<unknown, string, never>;
  created_at: ColumnType<Date, Date, never>;
}

export interface DatasetsTables {
  dataset_versions: DatasetVersionsTable;
}
