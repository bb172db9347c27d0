/** Texts as token ids. */
export { bucketByLength, openTokenizer, padBatch, type TextTokenizer, type TokenIds } from './tokenizer.ts';
