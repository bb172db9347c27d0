/** Tables of the migration 046-brands. */
import type { ColumnType, Generated } from 'kysely';

export interface BrandsTables {
  brand_versions: BrandVersionsTable;
}

export interface BrandVersionsTable {
  name: string;
  /** Counts from 1 within a name. */
  version: number;
  profile: ColumnType<unknown, string, never>;
  created_at: Generated<Date>;
  created_by: string;
}
