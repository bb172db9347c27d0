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

export interface DatasetRowsAsideTable {
  /** Hash of title and description. */
  content: Buffer;
  /** The whole row, written as JSON text. */
  row: ColumnType<unknown, string, never>;
  reason: string;
  dataset_version: number;
  set_aside_at: ColumnType<Date, never, unknown>;
  returned_at: ColumnType<Date | null, never, unknown>;
}

export interface RememberedMapsTable {
  header: string;
  /** Written as JSON text. */
  map: ColumnType<unknown, string, string>;
  /** What it was kept for, as messages call it. */
  source: string;
  remembered_at: ColumnType<Date, Date, Date>;
}

export interface DatasetsTables {
  remembered_maps: RememberedMapsTable;
  dataset_versions: DatasetVersionsTable;
  dataset_rows_aside: DatasetRowsAsideTable;
}
