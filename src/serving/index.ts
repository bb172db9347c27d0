/**
 * serving: registered model versions in memory, what scores texts with them, and the copywriter that workers
 * and server share.
 *
 *     const models = createServedModels({ ... });
 *     const session = createModelSessions({ models, cache, events });
 *     await session.withModel(stickyKey, ({ score }) => score(texts, { timeoutMs: 5_000 }));
 */
export { createBrandStore, type BrandStore, type StoredBrand } from './brands.ts';
export { createExampleSource } from './examples.ts';
export { createSpendingLedger, openBudgetedCopywriter } from './copywriter.ts';
export * from './canary/index.ts';
export * from './models/index.ts';
export { openUsageBook, readUsage } from './writer-usage.ts';
export * from './scoring/index.ts';
export {
  createTextPolicy,
  openExplorer,
  parsePolicyKnowledge,
  readPolicyKnowledge,
  renderPolicyKnowledge,
  type Explorer,
  type PolicyKnowledge,
} from './explorer.ts';
export {
  DEFAULT_DRAWS,
  judgeRegisteredVersion,
  judgeVersion,
  MAX_DRAWS,
  type Judged,
  type VersionValue,
} from './version-value.ts';
