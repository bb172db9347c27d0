/** Every advisory lock of copyloop. The numbers mean nothing; what matters is that no two are alike. */
export const LOCK_KEYS = {
  /** One process migrates, the others wait. */
  migrate: 7_265_001,
  /** With the folder's hash: one `copyloop start` per folder. */
  start: 7_265_002,
  /** One process reconciles at a time. */
  reconcile: 7_265_003,
  /** No two dataset versions are numbered at once. */
  datasetVersion: 7_265_004,
  /** With the model's name: one approval at a time. */
  approval: 7_265_005,
  /** Entries of the audit log are chained one after the other. */
  audit: 7_265_006,
  /** With the model's name: one process moves its canary. */
  canary: 7_265_007,
  /** Backups share it; who deletes old ones holds it alone. */
  backup: 7_265_008,
} as const;
