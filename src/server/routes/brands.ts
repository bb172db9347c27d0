/** Brand profiles: what there is, in which versions, and setting one. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { brandProfileSchema, type BrandBook } from '../../copy/index.ts';
import type { BrandStore, StoredBrand } from '../../serving/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  renderAs,
  type AppEnv,
  type Router,
} from '../http/index.ts';

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
const tags = ['brands'];
const params = z.object({ name });
const missing = { 404: errorResponse('no such brand, or no such version') };

const listRoute = defineRoute({
  method: 'get',
  path: '/brands',
  tags,
  summary: 'Brands, each with its newest version',
  responses: { 200: jsonAnswer('the brands', { brands: z.array(summarySchema) }) },
});
const getRoute = defineRoute({
  method: 'get',
  path: '/brands/{name}',
  tags,
  summary: "The newest version of a brand's profile",
  request: { params },
  responses: { 200: jsonAnswer('the brand', { brand: brandSchema }), ...missing },
});
const versionsRoute = defineRoute({
  method: 'get',
  path: '/brands/{name}/versions',
  tags,
  summary: "Every version of a brand's profile, newest first",
  request: { params },
  responses: { 200: jsonAnswer('the versions', { versions: z.array(summarySchema) }), ...missing },
});
const versionRoute = defineRoute({
  method: 'get',
  path: '/brands/{name}/versions/{version}',
  tags,
  summary: "One version of a brand's profile",
  request: {
    params: params.extend({ version: z.coerce.number<string>().int().min(1).max(1_000_000_000) }),
  },
  responses: { 200: jsonAnswer('the brand', { brand: brandSchema }), ...missing },
});
const setRoute = defineRoute({
  method: 'put',
  path: '/brands/{name}',
  tags,
  summary: 'Set a profile: a new version, unless it says what the newest says',
  request: { params, body: jsonBody(brandProfileSchema.meta({ id: 'BrandProfile' })) },
  responses: {
    200: jsonAnswer('the brand; is_new says whether this made a version', {
      brand: brandSchema,
      is_new: z.boolean(),
    }),
    400: errorResponse('a profile that cannot be used: error.field names the key'),
  },
});

export function createBrandRoutes(deps: {
  store: BrandStore;
  book: BrandBook;
  nameCaller: (c: Context<AppEnv>) => string;
}): Router {
  const { store, book, nameCaller } = deps;
  return createRouter()
    .openapi(listRoute, async function listBrands(c) {
      const brands = (await store.list()).map((brand) => renderAs(summarySchema, withTitle(brand)));
      return c.json({ status: 'success' as const, brands }, 200);
    })
    .openapi(getRoute, async function showBrand(c) {
      const brand = renderAs(brandSchema, withTitle(await store.get(c.req.valid('param').name)));
      return c.json({ status: 'success' as const, brand }, 200);
    })
    .openapi(versionsRoute, async function listBrandVersions(c) {
      const versions = (await store.versions(c.req.valid('param').name)).map((brand) =>
        renderAs(summarySchema, withTitle(brand)),
      );
      return c.json({ status: 'success' as const, versions }, 200);
    })
    .openapi(versionRoute, async function showBrandVersion(c) {
      const { name: of, version } = c.req.valid('param');
      const brand = renderAs(brandSchema, withTitle(await store.get(of, version)));
      return c.json({ status: 'success' as const, brand }, 200);
    })
    .openapi(setRoute, async function setBrand(c) {
      const { isNew, ...brand } = await store.set(
        c.req.valid('param').name,
        c.req.valid('json'),
        nameCaller(c),
      );
      book.note(brand);
      return c.json(
        { status: 'success' as const, brand: renderAs(brandSchema, withTitle(brand)), is_new: isNew },
        200,
      );
    });
}

function withTitle(brand: StoredBrand) {
  return { ...brand, title: brand.profile.title ?? null };
}
