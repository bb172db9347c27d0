/** Which brand a request is written for, and what its rules ask of each field. */
import { AppError } from '../../core/errors.ts';
import {
  createBrandRules,
  isCalled,
  type Brand,
  type BrandBook,
  type FieldRules,
  type RuledField,
} from '../brand/index.ts';

export type RulesFor = (field: RuledField) => FieldRules;

/** The rules of a brand that hold for no channel: for hashtags and what templates are told. */
export const WHOLE_ANSWER: RuledField = { name: 'hashtags', role: 'hashtags', channel: undefined };

export interface RuleBook {
  /** @throws AppError `invalid-input` for a brand that there is not */
  resolve(ref: string | undefined): Promise<Brand | undefined>;
  /** The first of `refs` that is called what a record calls its brand. */
  findCalled(name: string, refs: readonly string[]): Promise<Brand | undefined>;
  /** Made when they are first needed; they go with the brand. */
  rulesOf(brand: Brand): RulesFor;
}

export function createRuleBook(brands: Pick<BrandBook, 'resolve'> | undefined): RuleBook {
  const made = new WeakMap<Brand, RulesFor>();
  const resolve = async (ref: string | undefined): Promise<Brand | undefined> => {
    if (ref === undefined) return undefined;
    if (brands !== undefined) return await brands.resolve(ref);
    throw new AppError('invalid-input', `brand is "${ref}"; there are no brands without a database`, {
      details: { field: 'brand' },
    });
  };
  return {
    resolve,
    async findCalled(name, refs) {
      if (name === '') return undefined;
      for (const ref of refs) {
        const brand = await resolve(ref);
        if (brand !== undefined && isCalled(brand, name)) return brand;
      }
      return undefined;
    },
    rulesOf(brand) {
      const rules = made.get(brand) ?? createBrandRules(brand.profile);
      made.set(brand, rules);
      return rules;
    },
  };
}
