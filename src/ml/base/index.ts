/** The encoder that a training starts from. */
export { findBase, hubOf, resolveBaseDirectory, type Hub } from './hub.ts';
export {
  copyTokenizer,
  isFile,
  readBaseModel,
  readConfigJson,
  TOKENIZER_FILES,
  trainedConfig,
  type BaseModel,
} from './model.ts';
