export {
  createApiKey,
  createKeyChecker,
  keepApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  type KeyChecker,
} from './api-keys.ts';
export { auditChanges } from './audit-changes.ts';
export { limitRate } from './rate-limit.ts';
export { needsKeys, requireKey } from './require-key.ts';
export { createSessions, SESSION_COOKIE, SESSION_MS, type Sessions, type SignedIn } from './sessions.ts';
export {
  CALLBACK_PATH,
  createSingleSignOn,
  SIGN_ON_COOKIE,
  SIGN_ON_MS,
  type SingleSignOn,
} from './single-sign-on.ts';
export { isAdmin, nameCaller, requireRole } from './roles.ts';
