/** Writers: whoever proposes copy. */
export { createLlamaWriter } from './llama/index.ts';
export { createOpenAiWriter, type OpenAiWriterOptions, type SpendingLedger } from './openai/index.ts';
export { createTemplateWriter, hashText, plainLines } from './templates/index.ts';
export { createTransformersWriter } from './transformers/index.ts';
export { openWriter, type WriterServices, type WritingConfig } from './open-writer.ts';
export {
  type Authorship,
  type Example,
  type FieldRequest,
  type RefusedText,
  type WriteOptions,
  type Writer,
} from './writer.ts';
