/** Writers: whoever proposes copy. */
export { createOpenAiWriter, type OpenAiWriterOptions, type SpendingLedger } from './openai/index.ts';
export { createTemplateWriter, hashText, plainLines } from './templates/index.ts';
export { createTransformersWriter, type TransformersWriterOptions } from './transformers/index.ts';
export { type FieldRequest, type WriteOptions, type Writer } from './writer.ts';
