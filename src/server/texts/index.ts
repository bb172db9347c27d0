export { assignText, commentOnText, decideText, type Decision } from './change-text.ts';
export { listTexts, readText, type TextFilters, type TextOnItsWay } from './read-texts.ts';
