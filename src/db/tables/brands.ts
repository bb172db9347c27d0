/** Tables of the migrations 046-brands and 047-writer-usage. */
import type { ColumnType, Generated } from 'kysely';

export interface BrandsTables {
  brand_versions: BrandVersionsTable;
  writer_usage: WriterUsageTable;
}

export interface BrandVersionsTable {
  name: string;
  /** Counts from 1 within a name. */
  version: number;
  profile: ColumnType<unknown, string, never>;
  created_at: Generated<Date>;
  created_by: string;
}

/** Empty where there was no brand, no job or no price. */
export interface WriterUsageTable {
  day: ColumnType<Date, string, never>;
  writer: string;
  model: string;
  brand: string;
  job_id: string;
  currency: string;
  requests: number;
  /** Requests whose tokens the provider did not count; they are in no other number. */
  uncounted: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  cost: string;
}
