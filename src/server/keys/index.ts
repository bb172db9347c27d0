export {
  createApiKey,
  createKeyChecker,
  listApiKeys,
  revokeApiKey,
  type ApiKey,
  type KeyChecker,
} from './api-keys.ts';
export { needsKeys, requireKey } from './require-key.ts';
