export { lookAtCanary, openCanaryKeeper, stopCanary, type CanaryDeps, type CanaryKeeper } from './keep.ts';
export { findActiveCanary, listCanaries, listVersionsOnTrial, queueCanary } from './store.ts';
