/**
 * copy: what is said about a product. Texts are written, checked against limits and claims, scored by whoever
 * calls, and the best chosen.
 *
 *     const copywriter = createCopywriter({ channels: loadChannels() });
 *     const draft = await copywriter.propose({ title, description, channels: ['x', 'google_rsa'] });
 *     const copy = copywriter.choose(draft, await score(draft.texts));
 */
export { TONES, type Tone } from './brief/index.ts';
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
export { loadChannels, parseChannels, type Channels } from './channels/index.ts';
export { type Claim } from './check/index.ts';
export {
  createCopywriter,
  listWriters,
  openCopywriter,
  requireChannels,
  type Chance,
  type ChannelCopy,
  type Copy,
  type CopyRequest,
  type Copywriter,
  type CopywriterOptions,
  type Draft,
  type ScoredText,
  type ExampleSource,
  type Refusal,
  type TextPolicy,
  type WriterNote,
  type TextReport,
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
export { listEvidence, withoutOrders, type Evidence } from './check/index.ts';
export { explainByOcclusion, type Explanation, type PhraseEffect } from './explain/index.ts';
export {
  createOpenAiWriter,
  createTemplateWriter,
  createTransformersWriter,
  type Authorship,
  type SpendingLedger,
  type Writer,
  type WriterFactory,
} from './writers/index.ts';
