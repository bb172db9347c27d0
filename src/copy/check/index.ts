/** Checks: what may leave, and in words why something may not. */
export { checkText, createBannedWords, sameTextKey, type BannedWords, type Finding } from './check.ts';
export { listEvidence } from './evidence.ts';
export { createGround, findStray, type Ground } from './grounding.ts';
export { withoutInstructions } from './instructions.ts';
export { createClaimSource, findUnsupportedClaim, type ClaimSource } from './claims.ts';
export { findClaims, type Claim } from './find-claims.ts';
