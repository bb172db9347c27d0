/** Checks: what may leave, and in words why something may not. */
export {
  checkText,
  createBannedWords,
  REFUSALS,
  sameTextKey,
  type BannedWords,
  type CheckRules,
  type Finding,
  type Refusal,
} from './check.ts';
export { listEvidence, type Evidence } from './evidence.ts';
export { createGround, findStray, type Ground } from './grounding.ts';
export { withoutOrders } from './orders.ts';
export { createClaimSource, findUnsupportedClaim, type ClaimSource } from './claims.ts';
export { findClaims, type Claim, type ClaimKind } from './find-claims.ts';
export { readNumbers } from './numbers.ts';
