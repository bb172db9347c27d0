export {
  createApiKey,
  createKeyChecker,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  type ApiKey,
  type KeyChecker,
} from './api-keys.ts';
export { auditChanges } from './audit-changes.ts';
export { limitRate } from './rate-limit.ts';
export { needsKeys, requireKey } from './require-key.ts';
export { createSessions, SESSION_COOKIE, SESSION_MS, type Sessions, type SignedIn } from './sessions.ts';
export { isAdmin, nameCaller, requireRole } from './roles.ts';
