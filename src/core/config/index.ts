export { hasDesktop } from './environment.ts';
export { loadConfig, type LoadedConfig } from './load.ts';
export { readTraceSettings } from './tracing.ts';
export { createSecretMask, maskSecret, withPublicAddresses } from './mask.ts';
export { listConfig, type ConfigLine } from './render.ts';
export { MAPPABLE_FIELDS, RECORD_FIELDS, type FieldRule, type RecordField } from './fields.ts';
export { SOURCE_KINDS, sourceRequestKeys, SOURCES, type SourceKind, type SourceRule } from './sources.ts';
export {
  candidateSchema,
  MOST_CANDIDATES,
  configSchema,
  fieldMapSchema,
  recipeNameSchema,
  scheduleSchema,
  type CandidateConfig,
  type Config,
  COPY_POLICIES,
  LANGUAGE_CHOICES,
  LANGUAGES,
  LEARNING_REWARDS,
  type LearningReward,
  WRITER_NAMES,
  type Language,
  type LanguageChoice,
  type WriterName,
} from './schema.ts';
