/**
 * Exports that are recognised by their columns: one entry each. Names are in normal form (`normaliseName`):
 * lower case, one space for white space, `_` and `-`, no `g:`. A field is taken from the first of its columns
 * that holds something; `a.0.b` is a path into nested records, `tag*` every column that begins so.
 */
import type { RecordField } from '../../core/config/index.ts';

export type PlatformKind = 'products' | 'reviews' | 'feedback';
export type Metric = 'impressions' | 'clicks' | 'conversions' | 'cost';

export interface Platform {
  name: string;
  kind: PlatformKind;
  /** Columns by which it is known, all of them. */
  has: readonly string[];
  /** And one of each of these. */
  hasOne?: readonly (readonly string[])[];
  /** `xml` or `json` where the same names mean another thing in a table. */
  formats?: readonly string[];
  fields: Readonly<Partial<Record<RecordField, readonly string[]>>>;
  metrics?: Readonly<Partial<Record<Metric, readonly string[]>>>;
  /** Columns kept as attributes of the product. */
  attributes?: readonly string[];
  /**
   * Columns that hold the name of an attribute, with that of its value: `option1 name` with `option1 value`.
   */
  attributePairs?: readonly (readonly [string, string])[];
  /**
   * Rows that belong to another: the same key again without a title; or a type and the key of the product
   * that it is a variation of.
   */
  fold?:
    | { by: 'key'; key: string; texts: readonly string[] }
    | { by: 'parent'; type: string; types: readonly string[]; parent: string; key: readonly string[] };
  /** Columns that it has for copy, as it calls them; copy goes there and nowhere else. */
  copy?: { kind: 'seo' | 'merchant'; title: string; description: string };
  /** Rows that are no record whatever else they hold. */
  ignore?: readonly { column: string; pattern: RegExp; reason: string }[];
  /** A second row of an id is the same product once more. */
  hasUniqueIds?: boolean;
  /** Fields without which a row is cut off. */
  needs?: readonly RecordField[];
  /**
   * Lists of categories of which the first is taken: what parts them, where no backslash stands before it.
   */
  categoriesPartedBy?: string;
  /**
   * `\n` as two characters, `\,` in lists, an apostrophe before what a spreadsheet would take for a formula.
   */
  isEscaped?: boolean;
}

const MERCHANT_ATTRIBUTES = [
  'color',
  'colour',
  'size',
  'material',
  'pattern',
  'gender',
  'age group',
  'size system',
  'size type',
  'gtin',
  'mpn',
  'condition',
  'availability',
];
const MERCHANT_FIELDS = {
  id: ['id'],
  title: ['title', 'structured title'],
  description: ['description', 'structured description'],
  category: ['google product category', 'product type', 'fb product category', 'category'],
  price: ['sale price', 'price'],
  brand: ['brand'],
  group: ['item group id'],
} as const;
const SHOPIFY_PAIRS = [1, 2, 3].map((n): [string, string] => [`option${n} name`, `option${n} value`]);
const SHOPIFY_COPY = { kind: 'seo', title: 'SEO Title', description: 'SEO Description' } as const;
const MERCHANT_COPY = {
  kind: 'merchant',
  title: 'structured_title',
  description: 'structured_description',
} as const;
const TOTAL = { pattern: /^(?:grand |report |overall )?totals?\b/iu, reason: 'is a row of totals' };
const NO_TEXT = { pattern: /^https?:\/\/\S{1,2000}$/iu, reason: 'is an image or a video, no text' };

export const PLATFORMS: readonly Platform[] = [
  {
    name: 'Shopify product export CSV, old headers',
    kind: 'products',
    has: ['handle', 'title', 'body (html)', 'vendor'],
    fields: {
      id: ['handle'],
      title: ['title'],
      description: ['body (html)'],
      category: ['product category', 'standard product type', 'type', 'custom product type'],
      price: ['variant price'],
      brand: ['vendor'],
      tags: ['tags'],
    },
    attributePairs: SHOPIFY_PAIRS,
    copy: SHOPIFY_COPY,
    fold: { by: 'key', key: 'handle', texts: ['title', 'body (html)'] },
  },
  {
    name: 'Shopify product export CSV, new headers',
    kind: 'products',
    has: ['url handle', 'title', 'description', 'vendor'],
    fields: {
      id: ['url handle'],
      title: ['title'],
      description: ['description'],
      category: ['product category', 'type'],
      price: ['price'],
      brand: ['vendor'],
      tags: ['tags'],
    },
    attributePairs: SHOPIFY_PAIRS,
    copy: SHOPIFY_COPY,
    fold: { by: 'key', key: 'url handle', texts: ['title', 'description'] },
  },
  {
    name: 'Nested JSON feed products[].variants[] (Shopify REST Admin shape)',
    kind: 'products',
    formats: ['json', 'jsonl'],
    has: ['title', 'body html', 'variants'],
    fields: {
      id: ['id', 'handle'],
      title: ['title'],
      description: ['body html'],
      category: ['product type'],
      price: ['variants.0.price'],
      brand: ['vendor'],
      tags: ['tags'],
      timestamp: ['created at', 'published at'],
    },
    attributePairs: [
      ['options.0.name', 'options.0.values'],
      ['options.1.name', 'options.1.values'],
      ['options.2.name', 'options.2.values'],
    ],
    hasUniqueIds: true,
  },
  {
    name: 'Nested JSON feed products[].variants[]',
    kind: 'products',
    formats: ['json', 'jsonl'],
    has: ['title', 'variants'],
    hasOne: [['description', 'descriptionhtml', 'body', 'description html']],
    fields: {
      id: ['id', 'handle', 'sku'],
      title: ['title'],
      description: ['description', 'descriptionhtml', 'description html', 'body'],
      category: ['category', 'producttype', 'product type', 'type', 'category.name'],
      price: [
        'variants.0.price',
        'variants.0.price.amount',
        'variants.edges.0.node.price',
        'variants.nodes.0.price',
        'price',
      ],
      currency: [
        'currency',
        'variants.0.currency',
        'variants.0.price.currency',
        'variants.0.price.currencycode',
      ],
      brand: ['vendor', 'brand', 'brand.name'],
      tags: ['tags'],
      timestamp: ['createdat', 'created at'],
    },
    hasUniqueIds: true,
  },
  {
    name: 'WooCommerce core product CSV export',
    kind: 'products',
    has: ['type', 'sku', 'name', 'short description', 'regular price'],
    fields: {
      id: ['id', 'sku'],
      title: ['name'],
      description: ['description', 'short description'],
      category: ['categories'],
      price: ['sale price', 'regular price'],
      brand: ['brands', 'brand'],
      tags: ['tags'],
    },
    attributePairs: [1, 2, 3, 4, 5, 6, 7, 8].map((n): [string, string] => [
      `attribute ${n} name`,
      `attribute ${n} value(s)`,
    ]),
    fold: { by: 'parent', type: 'type', types: ['variation'], parent: 'parent', key: ['sku', 'id'] },
    categoriesPartedBy: ',',
    isEscaped: true,
    hasUniqueIds: true,
  },
  {
    name: 'Google Merchant RSS 2.0 feed',
    kind: 'products',
    formats: ['xml'],
    has: ['id', 'title', 'price'],
    hasOne: [['link', 'image link', 'availability']],
    copy: MERCHANT_COPY,
    fields: MERCHANT_FIELDS,
    attributes: MERCHANT_ATTRIBUTES,
    attributePairs: [['product detail.attribute name', 'product detail.attribute value']],
    hasUniqueIds: true,
  },
  {
    name: 'Meta (Facebook/Instagram) catalogue feed CSV',
    kind: 'products',
    has: ['id', 'title', 'description', 'availability', 'price', 'link', 'image link'],
    hasOne: [
      [
        'fb product category',
        'quantity to sell on facebook',
        'video[0].url',
        'product tags[0]',
        'custom number 0',
        'origin country',
        'image[0].url',
      ],
    ],
    fields: { ...MERCHANT_FIELDS, tags: ['product tags[*'] },
    attributes: [...MERCHANT_ATTRIBUTES, 'style[0]'],
    ignore: [{ column: 'id', pattern: /^#/u, reason: 'is a comment' }],
    hasUniqueIds: true,
  },
  {
    name: 'Google Merchant Center text feed (tab-separated)',
    kind: 'products',
    has: ['id', 'title', 'description', 'link', 'price'],
    hasOne: [['image link', 'availability', 'google product category', 'gtin', 'condition']],
    copy: MERCHANT_COPY,
    fields: MERCHANT_FIELDS,
    attributes: MERCHANT_ATTRIBUTES,
    hasUniqueIds: true,
  },
  {
    name: 'PrestaShop products CSV (semicolon, decimal comma)',
    kind: 'products',
    has: ['name *'],
    hasOne: [
      ['product id', 'id'],
      ['price tax excluded', 'price tax included'],
    ],
    copy: { kind: 'seo', title: 'Meta title', description: 'Meta description' },
    fields: {
      id: ['product id', 'id'],
      title: ['name *'],
      description: ['description', 'summary'],
      category: ['categories (x,y,z...)'],
      price: ['price tax excluded', 'price tax included'],
      brand: ['manufacturer'],
      tags: ['tags (x,y,z...)'],
      timestamp: ['product creation date'],
    },
    attributes: ['feature(name:value:position)'],
    hasUniqueIds: true,
  },
  {
    name: 'Magento 2 product export CSV',
    kind: 'products',
    has: ['sku', 'attribute set code', 'product type', 'name'],
    copy: { kind: 'seo', title: 'meta_title', description: 'meta_description' },
    fields: {
      id: ['sku'],
      title: ['name'],
      description: ['description', 'short description'],
      category: ['categories'],
      price: ['special price', 'price'],
      timestamp: ['created at'],
      brand: ['brand', 'manufacturer'],
    },
    attributes: ['additional attributes'],
    fold: { by: 'key', key: 'sku', texts: ['name', 'description'] },
    ignore: [
      {
        column: 'visibility',
        pattern: /^not visible individually$/iu,
        reason: 'is a variant of another product',
      },
    ],
    categoriesPartedBy: ',',
  },
  {
    name: 'Amazon inventory flat file',
    kind: 'products',
    has: ['item sku', 'item name'],
    fields: {
      id: ['item sku'],
      title: ['item name'],
      description: ['product description', 'bullet point1', 'bullet point 1'],
      category: [
        'item type',
        'item type name',
        'feed product type',
        'product type',
        'recommended browse nodes',
      ],
      price: ['sale price', 'standard price', 'list price'],
      currency: ['currency'],
      brand: ['brand name', 'brand'],
      tags: ['generic keywords', 'generic keywords1', 'search terms'],
      group: ['parent sku'],
    },
    attributes: ['color name', 'size name', 'material type', 'color map'],
    fold: { by: 'parent', type: 'parent child', types: ['child'], parent: 'parent sku', key: ['item sku'] },
    hasUniqueIds: true,
  },
  {
    name: 'Amazon listings report (tab-separated)',
    kind: 'products',
    has: ['item name', 'item description', 'seller sku'],
    fields: {
      id: ['seller sku', 'listing id', 'asin1'],
      title: ['item name'],
      description: ['item description'],
      price: ['price'],
      timestamp: ['open date'],
    },
    hasUniqueIds: true,
  },
  {
    name: 'Etsy listings CSV',
    kind: 'products',
    has: ['title', 'description', 'price', 'currency code', 'quantity', 'tags'],
    fields: {
      id: ['sku', 'listing id'],
      title: ['title'],
      description: ['description'],
      category: ['section', 'category'],
      price: ['price'],
      currency: ['currency code'],
      tags: ['tags'],
    },
    attributes: ['materials'],
    attributePairs: [
      ['variation 1 name', 'variation 1 values'],
      ['variation 2 name', 'variation 2 values'],
    ],
  },
  {
    name: 'BigCommerce product export CSV',
    kind: 'products',
    has: ['item type', 'product name', 'product description'],
    hasOne: [['product code/sku', 'product id']],
    copy: { kind: 'seo', title: 'Page Title', description: 'Meta Description' },
    fields: {
      id: ['product id', 'product code/sku'],
      title: ['product name'],
      description: ['product description'],
      category: ['category', 'category string', 'category details'],
      price: ['sale price', 'price', 'calculated price'],
      brand: ['brand name', 'brand'],
      tags: ['search keywords', 'product tags'],
      timestamp: ['date added'],
    },
    ignore: [
      {
        column: 'item type',
        pattern: /^\s{0,5}(?:sku|rule|variant|image|video)$/iu,
        reason: 'belongs to the product before it',
      },
    ],
    hasUniqueIds: true,
  },
  {
    name: 'Squarespace product export CSV',
    kind: 'products',
    has: ['product page', 'title', 'description', 'price'],
    hasOne: [['product id [non editable]', 'product url']],
    fields: {
      id: ['product id [non editable]', 'product url', 'sku'],
      title: ['title'],
      description: ['description'],
      category: ['categories'],
      price: ['sale price', 'price'],
      tags: ['tags'],
    },
    attributePairs: [1, 2, 3].map((n): [string, string] => [`option name ${n}`, `option value ${n}`]),
    fold: { by: 'key', key: 'product id [non editable]', texts: ['title', 'description'] },
  },
  {
    name: 'Wix product export CSV',
    kind: 'products',
    has: ['handleid', 'fieldtype', 'name', 'description'],
    fields: {
      id: ['handleid'],
      title: ['name'],
      description: ['description'],
      category: ['collection'],
      price: ['price'],
      brand: ['brand'],
    },
    attributePairs: [1, 2, 3].map((n): [string, string] => [
      `productoptionname${n}`,
      `productoptiondescription${n}`,
    ]),
    fold: { by: 'key', key: 'handleid', texts: ['name', 'description'] },
    ignore: [{ column: 'fieldtype', pattern: /^variant$/iu, reason: 'is a variant of another product' }],
  },
  {
    name: 'eBay listings file',
    kind: 'products',
    has: ['title'],
    hasOne: [
      ['customlabel', 'custom label', 'custom label (sku)', 'item number'],
      ['startprice', 'start price', '*startprice', 'current price'],
    ],
    fields: {
      id: ['customlabel', 'custom label', 'custom label (sku)', 'item number'],
      title: ['title'],
      description: ['description'],
      category: ['category name', 'ebay category 1 name', 'category'],
      price: ['startprice', 'start price', 'current price'],
      currency: ['currency'],
      brand: ['c:brand'],
    },
    attributes: ['c:color', 'c:size', 'c:material'],
  },
  {
    name: 'Judge.me review export CSV',
    kind: 'reviews',
    has: ['title', 'body', 'rating', 'product handle'],
    hasOne: [['review date', 'curated', 'reviewer email', 'reviewer name']],
    fields: {
      id: ['product id', 'product handle'],
      title: ['title'],
      description: ['body'],
      rating: ['rating'],
      timestamp: ['review date'],
    },
    attributes: ['product handle', 'product title'],
    needs: ['id', 'rating'],
  },
  {
    name: 'Yotpo review export CSV',
    kind: 'reviews',
    has: ['review title', 'review content', 'review score'],
    fields: {
      id: ['product id', 'sku', 'domain key', 'product url'],
      title: ['review title'],
      description: ['review content'],
      rating: ['review score'],
      timestamp: ['date', 'review creation date', 'review date', 'created at'],
    },
    attributes: ['product title', 'product name'],
    needs: ['rating'],
  },
  {
    name: 'Loox review export CSV',
    kind: 'reviews',
    has: ['rating', 'body'],
    hasOne: [
      ['product handle', 'handle', 'productid'],
      ['author', 'nickname'],
      ['photo url', 'img', 'verified purchase', 'verified'],
    ],
    fields: {
      id: ['product id', 'productid', 'product handle', 'handle'],
      title: ['title'],
      description: ['body'],
      rating: ['rating'],
      timestamp: ['created at', 'date'],
    },
    attributes: ['product title', 'product handle'],
    needs: ['id', 'rating'],
  },
  {
    name: 'Stamped.io review export CSV',
    kind: 'reviews',
    has: ['product id'],
    hasOne: [
      ['review title', 'reviewtitle'],
      ['review message', 'reviewmessage', 'review body', 'review text'],
      ['review rating', 'reviewrating', 'rating'],
    ],
    fields: {
      id: ['product id', 'product handle'],
      title: ['review title', 'reviewtitle'],
      description: ['review message', 'reviewmessage', 'review body', 'review text'],
      rating: ['review rating', 'reviewrating', 'rating'],
      timestamp: ['review date', 'created at', 'date created', 'datecreated', 'date'],
    },
    attributes: ['product title', 'product name'],
    needs: ['rating'],
  },
  {
    name: 'Trustpilot review export CSV',
    kind: 'reviews',
    has: ['review title', 'review content'],
    hasOne: [['review stars', 'stars']],
    fields: {
      id: ['sku', 'product sku', 'reference number'],
      title: ['review title'],
      description: ['review content'],
      rating: ['review stars', 'stars'],
      timestamp: ['review created (utc)', 'review created', 'created'],
    },
    needs: ['rating'],
  },
  {
    name: 'Amazon reviews (review data set, JSON Lines)',
    kind: 'reviews',
    has: ['asin', 'reviewtext', 'overall'],
    fields: {
      id: ['asin'],
      title: ['summary'],
      description: ['reviewtext'],
      rating: ['overall'],
      timestamp: ['unixreviewtime', 'reviewtime'],
    },
    needs: ['rating'],
  },
  {
    name: 'Amazon reviews (review data set, JSON Lines)',
    kind: 'reviews',
    has: ['asin', 'text', 'rating'],
    fields: {
      id: ['parent asin', 'asin'],
      title: ['title'],
      description: ['text'],
      rating: ['rating'],
      timestamp: ['timestamp'],
    },
    needs: ['rating'],
  },
  {
    name: 'Amazon customer reviews (tab-separated)',
    kind: 'reviews',
    has: ['product id', 'star rating', 'review headline', 'review body'],
    fields: {
      id: ['product parent', 'product id'],
      title: ['review headline'],
      description: ['review body'],
      category: ['product category'],
      rating: ['star rating'],
      timestamp: ['review date'],
    },
    attributes: ['product title'],
    needs: ['rating'],
  },
  {
    name: 'Google product review feed (XML)',
    kind: 'reviews',
    formats: ['xml'],
    has: ['content', 'ratings'],
    fields: {
      id: [
        'products.product.product ids.skus.sku',
        'products.product.product ids.gtins.gtin',
        'products.product.product url',
      ],
      title: ['title'],
      description: ['content'],
      rating: ['ratings.overall'],
      timestamp: ['review timestamp'],
    },
    needs: ['rating'],
  },
  {
    name: 'Google Ads asset report CSV',
    kind: 'feedback',
    has: ['asset', 'asset type', 'impr.'],
    fields: { title: ['asset'], category: ['asset type'] },
    metrics: { impressions: ['impr.'], clicks: ['clicks'], conversions: ['conversions'], cost: ['cost'] },
    ignore: [
      { column: 'asset status', ...TOTAL },
      { column: 'asset', ...NO_TEXT },
    ],
    needs: ['title'],
  },
  {
    name: 'Google Ads ad report CSV',
    kind: 'feedback',
    has: ['headline 1', 'impr.'],
    fields: {
      id: ['ad id'],
      title: ['headline 1'],
      description: ['description 1', 'description'],
      category: ['ad type'],
    },
    metrics: { impressions: ['impr.'], clicks: ['clicks'], conversions: ['conversions'], cost: ['cost'] },
    ignore: [
      { column: 'ad state', ...TOTAL },
      { column: 'ad status', ...TOTAL },
      { column: 'headline 1', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Meta ads report CSV',
    kind: 'feedback',
    has: ['impressions'],
    hasOne: [
      ['ad name', 'headline', 'title (ad settings)'],
      ['amount spent*', 'link clicks', 'reach', 'clicks (all)'],
    ],
    fields: {
      id: ['ad id', 'ad name'],
      title: ['headline', 'title (ad settings)', 'body (ad settings)', 'body', 'text', 'ad name'],
      description: ['body (ad settings)', 'body', 'primary text', 'text'],
    },
    metrics: {
      impressions: ['impressions'],
      clicks: ['link clicks', 'clicks (all)', 'unique link clicks'],
      conversions: ['results', 'purchases'],
      cost: ['amount spent*'],
    },
    ignore: [
      { column: 'ad name', ...TOTAL },
      { column: 'campaign name', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Generic UTM report CSV (utm_content ids)',
    kind: 'feedback',
    has: ['utm content'],
    hasOne: [['impressions', 'sessions', 'clicks', 'users']],
    fields: { id: ['utm content'], title: ['utm content'] },
    metrics: {
      impressions: ['impressions'],
      clicks: ['clicks'],
      conversions: ['conversions', 'key events', 'transactions'],
      cost: ['cost', 'spend'],
    },
    ignore: [
      { column: 'utm source', ...TOTAL },
      { column: 'utm content', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Google Analytics 4 report CSV',
    kind: 'feedback',
    has: ['sessions'],
    hasOne: [
      [
        'session manual ad content',
        'manual ad content',
        'session campaign',
        'landing page',
        'page title',
        'ad content',
        'first user manual ad content',
      ],
      ['key events', 'conversions', 'engaged sessions', 'event count', 'total revenue', 'views'],
    ],
    fields: {
      id: [
        'session manual ad content',
        'manual ad content',
        'first user manual ad content',
        'ad content',
        'session campaign',
        'landing page',
        'page title',
      ],
      title: [
        'session manual ad content',
        'manual ad content',
        'first user manual ad content',
        'ad content',
        'session campaign',
        'landing page',
        'page title',
      ],
    },
    metrics: {
      impressions: ['ad impressions', 'impressions', 'google ads impressions', 'views'],
      clicks: ['ad clicks', 'clicks', 'google ads clicks', 'sessions'],
      conversions: ['key events', 'conversions', 'transactions'],
    },
    ignore: [
      { column: 'session manual ad content', ...TOTAL },
      { column: 'session campaign', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Mail campaign report CSV',
    kind: 'feedback',
    has: ['subject'],
    hasOne: [
      ['unique opens', 'total opens', 'open rate', 'opens'],
      ['unique clicks', 'total clicks', 'clicks', 'click rate'],
    ],
    fields: {
      id: ['unique id', 'campaign id', 'title', 'campaign name', 'name'],
      title: ['subject', 'subject line'],
      timestamp: ['send date', 'send time', 'sent at'],
    },
    metrics: {
      impressions: ['successful deliveries', 'delivered', 'total recipients', 'recipients', 'sent'],
      clicks: ['unique clicks', 'total clicks', 'clicks'],
      conversions: ['total orders', 'orders', 'unique placed order', 'placed order'],
    },
    ignore: [
      { column: 'subject', ...TOTAL },
      { column: 'title', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Social media posts report CSV',
    kind: 'feedback',
    has: ['impressions'],
    hasOne: [['post text', 'tweet text', 'post title', 'post message', 'message', 'caption', 'post', 'text']],
    fields: {
      id: ['post id', 'tweet id', 'id', 'permalink', 'post link'],
      title: ['post text', 'tweet text', 'post message', 'message', 'caption', 'post title', 'post', 'text'],
      category: ['post type', 'network', 'platform', 'channel', 'profile'],
      timestamp: ['date', 'time', 'created date', 'publish time', 'sent at'],
    },
    metrics: {
      impressions: ['impressions'],
      clicks: ['clicks', 'url clicks', 'link clicks', 'post link clicks'],
      conversions: ['conversions'],
    },
    ignore: [
      { column: 'date', ...TOTAL },
      { column: 'post id', ...TOTAL },
    ],
    needs: ['title'],
  },
];

/** What columns of tables that no platform wrote are called, by language. Names in normal form. */
export const COLUMN_WORDS: Readonly<
  Record<string, Readonly<Partial<Record<RecordField, readonly string[]>>>>
> = {
  English: {
    id: [
      'id',
      'sku',
      'item number',
      'item no',
      'item no.',
      'product id',
      'article number',
      'product code',
      'item code',
      'item id',
      'asin',
      'handle',
      'code',
    ],
    title: ['title', 'name', 'product name', 'product title', 'item name', 'product', 'item'],
    description: [
      'description',
      'product description',
      'item description',
      'long description',
      'body',
      'text',
      'details',
      'review text',
      'review',
      'review body',
    ],
    category: ['category', 'categories', 'product type', 'product category', 'department', 'department name'],
    price: [
      'price',
      'unit price',
      'sale price',
      'list price',
      'price (usd)',
      'price (eur)',
      'price (gbp)',
      'retail price',
    ],
    currency: ['currency', 'currency code'],
    rating: [
      'rating',
      'average rating',
      'avg rating',
      'stars',
      'star rating',
      'score',
      'customer rating',
      'rating (out of 5)',
      'review score',
    ],
    timestamp: [
      'timestamp',
      'date',
      'created',
      'created at',
      'date added',
      'created on',
      'date created',
      'added',
      'added on',
      'review date',
    ],
    brand: ['brand', 'vendor', 'manufacturer', 'maker', 'brand name'],
    tags: ['tags', 'keywords', 'labels'],
    language: ['language', 'locale'],
  },
  German: {
    id: [
      'artikelnummer',
      'artikelnr',
      'artikelnr.',
      'art.-nr.',
      'artikel-nr.',
      'artikel nr.',
      'produktnummer',
      'bestellnummer',
      'artnr',
      'produkt-id',
    ],
    title: [
      'bezeichnung',
      'artikelbezeichnung',
      'titel',
      'produktname',
      'artikelname',
      'produkt',
      'artikel',
      'produkttitel',
      'name',
    ],
    description: [
      'beschreibung',
      'produktbeschreibung',
      'artikelbeschreibung',
      'langtext',
      'langbeschreibung',
      'text',
      'beschreibungstext',
    ],
    category: ['kategorie', 'kategorien', 'warengruppe', 'produktgruppe', 'rubrik', 'produktkategorie'],
    price: [
      'preis',
      'verkaufspreis',
      'vk-preis',
      'vk',
      'bruttopreis',
      'preis (eur)',
      'preis in eur',
      'preis in euro',
      'einzelpreis',
    ],
    currency: ['währung', 'waehrung'],
    rating: ['bewertung', 'durchschnittsbewertung', 'sterne', 'kundenbewertung', 'note', 'ø bewertung'],
    timestamp: [
      'angelegt am',
      'datum',
      'erstellt am',
      'angelegt',
      'erfasst am',
      'zeitpunkt',
      'erstellungsdatum',
      'anlagedatum',
    ],
    brand: ['marke', 'hersteller', 'herstellername'],
    tags: ['schlagworte', 'schlagwörter', 'stichworte', 'tags'],
    language: ['sprache'],
  },
  French: {
    id: [
      'référence',
      'reference',
      'réf.',
      'réf',
      'code article',
      'code produit',
      'identifiant',
      'sku',
      'id produit',
    ],
    title: ['désignation', 'nom', 'titre', 'nom du produit', 'libellé', 'produit', 'intitulé'],
    description: ['description', 'descriptif', 'description du produit', 'description longue', 'texte'],
    category: ['catégorie', 'categorie', 'catégories', 'rayon', 'famille'],
    price: ['prix', 'prix ttc', 'prix de vente', 'prix ht', 'prix (eur)', 'prix unitaire'],
    currency: ['devise', 'monnaie'],
    rating: ['note', 'note moyenne', 'évaluation', 'avis', 'étoiles'],
    timestamp: ['date', 'date de création', 'créé le', 'ajouté le', "date d'ajout", 'date d’ajout'],
    brand: ['marque', 'fabricant'],
    tags: ['mots-clés', 'mots clés', 'étiquettes', 'tags'],
    language: ['langue'],
  },
  Spanish: {
    id: ['referencia', 'código', 'codigo', 'ref.', 'número de artículo', 'id', 'sku'],
    title: ['nombre', 'título', 'titulo', 'producto', 'nombre del producto', 'artículo', 'denominación'],
    description: ['descripción', 'descripcion', 'descripción del producto', 'texto', 'detalle'],
    category: ['categoría', 'categoria', 'categorías', 'sección', 'familia'],
    price: ['precio', 'pvp', 'precio de venta', 'precio unitario'],
    currency: ['moneda', 'divisa'],
    rating: ['valoración', 'valoracion', 'puntuación', 'calificación', 'estrellas', 'nota'],
    timestamp: ['fecha', 'fecha de creación', 'creado el', 'fecha de alta'],
    brand: ['marca', 'fabricante'],
    tags: ['etiquetas', 'palabras clave'],
    language: ['idioma'],
  },
  Italian: {
    id: ['codice', 'codice articolo', 'riferimento', 'sku', 'id'],
    title: ['nome', 'titolo', 'prodotto', 'nome prodotto', 'articolo', 'denominazione'],
    description: ['descrizione', 'descrizione prodotto', 'testo'],
    category: ['categoria', 'categorie', 'reparto'],
    price: ['prezzo', 'prezzo di vendita', 'prezzo unitario'],
    currency: ['valuta'],
    rating: ['valutazione', 'voto', 'punteggio', 'stelle'],
    timestamp: ['data', 'data di creazione', 'creato il', 'data creazione'],
    brand: ['marca', 'marchio', 'produttore'],
    tags: ['etichette', 'parole chiave', 'tag'],
    language: ['lingua'],
  },
  Dutch: {
    id: ['artikelnummer', 'productcode', 'artikelcode', 'sku', 'id'],
    title: ['naam', 'titel', 'productnaam', 'product', 'omschrijving kort'],
    description: ['omschrijving', 'beschrijving', 'productomschrijving', 'tekst'],
    category: ['categorie', 'categorieën', 'productgroep'],
    price: ['prijs', 'verkoopprijs', 'stukprijs'],
    currency: ['valuta'],
    rating: ['beoordeling', 'waardering', 'sterren', 'score'],
    timestamp: ['datum', 'aangemaakt op', 'aanmaakdatum'],
    brand: ['merk', 'fabrikant'],
    tags: ['trefwoorden', 'labels', 'tags'],
    language: ['taal'],
  },
};
