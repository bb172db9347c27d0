export {
  createApiKey,
  createKeyChecker,
  listApiKeys,
  revokeApiKey,
  type ApiKey,
  type KeyChecker,
} from './api-keys.ts';
export { needsKeys, requireKey } from './require-key.ts';
export { isAdmin, nameCaller, requireRole } from './roles.ts';
