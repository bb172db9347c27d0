export { followRegistry } from './follow-registry.ts';
export { loadModel, type LoadedModel } from './loaded-model.ts';
export { createServedModels, type ServedModels, type ServedModelsEvents } from './served-models.ts';
export {
  ALL_TO_CHAMPION,
  readAliasesInTraffic,
  readTraffic,
  SERVED_ALIASES,
  setTraffic,
  TRAFFIC_CHANNEL,
  trafficSchema,
  writeTraffic,
} from './traffic.ts';
export { createModelSessions, type ModelSession, type ModelSessions } from './model-sessions.ts';
export { checkLoadable } from './check-loadable.ts';
export { createTokenizers, type Tokenizers } from './tokenizers.ts';
export { openModelCache, type ModelCache } from './model-cache.ts';
export { openVersionScorers, type VersionScorers } from './version-scorers.ts';
