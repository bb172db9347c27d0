export { loadConfig, type LoadedConfig, type LoadOptions, type Origins } from './load.ts';
export { listConfig, maskSecret, type ConfigLine } from './render.ts';
export {
  candidateSchema,
  configSchema,
  MAPPABLE_FIELDS,
  RECIPE_NAMES,
  SECRET_KEYS,
  sourceSchema,
  STAGES,
  type CandidateConfig,
  type Config,
  type RecipeName,
  type Stage,
} from './schema.ts';
