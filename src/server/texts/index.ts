export { assignText, commentOnText, decideText, type Decision } from './change-text.ts';
export { judgePair } from './judge-pair.ts';
export { listReviewers, listTexts, readText, type TextOnItsWay } from './read-texts.ts';
