export { lookAtCanary, openCanaryKeeper, stopCanary, type CanaryDeps, type CanaryKeeper } from './keep.ts';
export {
  findActiveCanary,
  hasOpenCanary,
  listCanaries,
  listVersionsOnTrial,
  queueCanary,
  type Canary,
  type CanaryRules,
  type StoredEvidence,
} from './store.ts';
