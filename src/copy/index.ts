/**
 * copy: what is said about a product. Texts are written, checked against limits and claims, scored by whoever
 * calls, and the best chosen.
 *
 *     const copywriter = createCopywriter({ channels: loadChannels() });
 *     const draft = await copywriter.propose({ title, description, channels: ['x', 'google_rsa'] });
 *     const copy = copywriter.choose(draft, await score(draft.texts));
 */
export { TONES } from './brief/index.ts';
export {
  brandProfileSchema,
  createBrandBook,
  noSuchBrand,
  parseBrandName,
  parseBrandProfile,
  renderBrandRef,
  type Brand,
  type BrandBook,
  type BrandProfile,
} from './brand/index.ts';
export { loadChannels, type Channels } from './channels/index.ts';
export {
  createCopywriter,
  listWriters,
  openCopywriter,
  requireChannels,
  type Chance,
  type Copy,
  type CopyRequest,
  type Copywriter,
  type Draft,
  type ExampleSource,
  type TextPolicy,
  type WriterNote,
} from './compose/index.ts';
export {
  copyOptionsSchema,
  createWireOptions,
  DEFAULT_COUNT,
  fromWireOptions,
  MAX_COUNT,
  MAX_SEED,
  toWireOptions,
  type CopyOptions,
} from './options.ts';
export { listEvidence, withoutInstructions } from './check/index.ts';
export { explainByOcclusion } from './explain/index.ts';
export {
  createOpenAiWriter,
  createTransformersWriter,
  type SpendingLedger,
  type Writer,
} from './writers/index.ts';
