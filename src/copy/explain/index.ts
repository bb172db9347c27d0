export { explainByOcclusion, MAX_PHRASES, type Explanation, type PhraseEffect } from './explain.ts';
