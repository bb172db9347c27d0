/** Writers: whoever proposes copy. */
export { createLlamaWriter, type LlamaWriterOptions } from './llama/index.ts';
export {
  createOpenAiWriter,
  type OpenAiWriterOptions,
  type SpendingLedger,
  type TokenPrice,
} from './openai/index.ts';
export { createTemplateWriter, hashText, plainLines } from './templates/index.ts';
export { createTransformersWriter, type TransformersWriterOptions } from './transformers/index.ts';
export { openModuleWriter } from './module.ts';
export { loadPrompt } from './prompt-file.ts';
export {
  type Authorship,
  type Example,
  type FieldRequest,
  type RefusedText,
  type WriteOptions,
  type Writer,
  type WriterFactory,
} from './writer.ts';
