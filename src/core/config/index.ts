export { loadConfig, type LoadedConfig, type LoadOptions, type Origins } from './load.ts';
export { maskSecret, withPublicAddresses } from './mask.ts';
export { listConfig, type ConfigLine } from './render.ts';
export {
  candidateSchema,
  configSchema,
  MAPPABLE_FIELDS,
  RECIPE_NAMES,
  SECRET_KEYS,
  sourceSchema,
  type CandidateConfig,
  type Config,
  type RecipeName,
  WRITER_NAMES,
  type WriterName,
} from './schema.ts';
