export { loadConfig, type LoadedConfig, type LoadOptions, type Origins } from './load.ts';
export { maskSecret, withPublicAddresses } from './mask.ts';
export { listConfig, type ConfigLine } from './render.ts';
export {
  candidateSchema,
  configSchema,
  JOB_STAGES,
  MAPPABLE_FIELDS,
  RECIPE_NAMES,
  SECRET_KEYS,
  sourceSchema,
  STAGES,
  WORK_STAGES,
  type CandidateConfig,
  type Config,
  type JobStage,
  type RecipeName,
  type Stage,
  type WorkStage,
} from './schema.ts';
