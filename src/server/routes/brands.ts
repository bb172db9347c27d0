/** Brand profiles: what there is, in which versions, and setting one. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { brandProfileSchema, type BrandBook } from '../../copy/index.ts';
import type { BrandStore, StoredBrand } from '../../serving/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type AppEnv, type Router } from '../http/index.ts';

const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/, 'only a-z, 0-9 and -');
const summary = {
  name: z.string(),
  version: z.int(),
  title: z.string().nullable(),
  created_at: z.iso.datetime(),
  created_by: z.string(),
};
const summarySchema = z.object(summary).openapi('BrandSummary');
const brandSchema = z.object({ ...summary, profile: z.looseObject({}) }).openapi('Brand');

const params = z.object({ name });
const missing = { 404: 'no such brand, or no such version' };

export function createBrandRoutes(deps: {
  store: BrandStore;
  book: BrandBook;
  nameCaller: (c: Context<AppEnv>) => string;
}): Router {
  const { store, book, nameCaller } = deps;
  return createRoutes('brands', [
    route('GET /brands', {
      summary: 'Brands, each with its newest version',
      answer: jsonAnswer('the brands', { brands: z.array(summarySchema) }),
      handle: async () => {
        const brands = (await store.list()).map((brand) => renderAs(summarySchema, withTitle(brand)));
        return { brands };
      },
    }),
    route('GET /brands/{name}', {
      summary: "The newest version of a brand's profile",
      params,
      answer: jsonAnswer('the brand', { brand: brandSchema }),
      refusals: missing,
      handle: async ({ params }) => {
        const brand = renderAs(brandSchema, withTitle(await store.get(params.name)));
        return { brand };
      },
    }),
    route('GET /brands/{name}/versions', {
      summary: "Every version of a brand's profile, newest first",
      params,
      answer: jsonAnswer('the versions', { versions: z.array(summarySchema) }),
      refusals: missing,
      handle: async ({ params }) => {
        const versions = (await store.versions(params.name)).map((brand) =>
          renderAs(summarySchema, withTitle(brand)),
        );
        return { versions };
      },
    }),
    route('GET /brands/{name}/versions/{version}', {
      summary: "One version of a brand's profile",
      params: params.extend({ version: z.coerce.number<string>().int().min(1).max(1_000_000_000) }),
      answer: jsonAnswer('the brand', { brand: brandSchema }),
      refusals: missing,
      handle: async ({ params: { name: of, version } }) => {
        const brand = renderAs(brandSchema, withTitle(await store.get(of, version)));
        return { brand };
      },
    }),
    route('PUT /brands/{name}', {
      summary: 'Set a profile: a new version, unless it says what the newest says',
      params,
      body: brandProfileSchema.meta({ id: 'BrandProfile' }),
      answer: jsonAnswer('the brand; is_new says whether this made a version', {
        brand: brandSchema,
        is_new: z.boolean(),
      }),
      refusals: { 400: 'a profile that cannot be used: error.field names the key' },
      handle: async ({ params, body, c }) => {
        const { isNew, ...brand } = await store.set(params.name, body, nameCaller(c));
        book.note(brand);
        return { brand: renderAs(brandSchema, withTitle(brand)), is_new: isNew };
      },
    }),
  ]);
}

function withTitle(brand: StoredBrand) {
  return { ...brand, title: brand.profile.title ?? null };
}
