/** Every table of copyloop, as Kysely sees it; the tables of a capability stand in a file of their own. */
import type { AuditTables } from './tables/audit.ts';
import type { BrandsTables } from './tables/brands.ts';
import type { DatasetsTables } from './tables/datasets.ts';
import type { PipelineTables } from './tables/pipeline.ts';
import type { RegistryTables } from './tables/registry.ts';
import type { PredictionJobsTables } from './tables/prediction-jobs.ts';
import type { ServingTables } from './tables/serving.ts';
import type { TextsTables } from './tables/texts.ts';
import type { TrackingTables } from './tables/tracking.ts';

export interface Schema
  extends
    AuditTables,
    BrandsTables,
    PipelineTables,
    DatasetsTables,
    TrackingTables,
    ServingTables,
    RegistryTables,
    PredictionJobsTables,
    TextsTables {}
