/** Brands: how one speaks, in versions, and whether a text keeps to it. */
export { createBrandBook, type BrandBook } from './book.ts';
export {
  brandProfileSchema,
  brandRefSchema,
  isCalled,
  noSuchBrand,
  parseBrandName,
  parseBrandProfile,
  renderBrandRef,
  type Brand,
  type BrandProfile,
} from './profile.ts';
export {
  createBrandRules,
  listOwnWords,
  rulesOf,
  type FieldRules,
  type RuledField,
  type RuledRecord,
} from './rules.ts';
