/**
 * Which platform wrote a table, told by its columns; and for tables that none wrote, which of their columns
 * mean what.
 */
import { MAPPABLE_FIELDS, type RecordField } from '../../core/config/index.ts';
import { currencyOfName } from '../values/numbers.ts';
import { COLUMN_WORDS, type FieldWords } from './column-words.ts';
import type { Platform } from './platform.ts';
import { REPORT_WORDS, REPORTS } from './reports.ts';
import { REVIEW_WORDS, REVIEWS } from './reviews.ts';
import { SHOP_WORDS, SHOPS } from './shops.ts';

/** The first that fits is taken. */
const PLATFORMS: readonly Platform[] = [...SHOPS, ...REVIEWS, ...REPORTS];

/** How a table was read, as far as programs differ in it: a part of its `Layout`. */
interface Form {
  format: string;
  encoding: string;
  delimiter: string | null;
  marks: readonly string[];
}

export interface Recognised {
  platform: Platform;
  /** Whether it is a platform's export, not a table of somebody's own whose columns have telling names. */
  isPlatform: boolean;
}

/**
 * What feeds call the merchant's namespace: `g` by Google's own example, `ns0` where a program was not told.
 */
const MERCHANT_PREFIX = /^(?:g|gm|base|google|merchant|ns[0-2]):/u;

/** `g:` of `g:title`; '' where the name has no prefix of the merchant's. */
export function merchantPrefix(name: string): string {
  return MERCHANT_PREFIX.exec(name)?.[0] ?? '';
}

/** Names as they are compared: lower case, `_` and white space alike, without the merchant's prefix. */
export function normaliseName(name: string): string {
  return (
    name
      .slice(0, 200)
      .toLowerCase()
      .replace(/^\*/u, '')
      // What Amazon's templates add: `item_name[language_tag=en_US]#1.value`.
      .replaceAll(/\[[a-z_]{1,40}=[^\]]{0,60}\]|#\d{1,3}(?:\.value(?=$))?/gu, '')
      .replace(MERCHANT_PREFIX, '')
      .replaceAll(/(?<=[\p{L}\p{N}])[_-](?=[\p{L}\p{N}])|[\s_]+/gu, ' ')
      .trim()
  );
}

const ENGLISH = new Map<string, string[]>();
for (const [english, words] of [REPORT_WORDS, REVIEW_WORDS, SHOP_WORDS].flatMap((all) =>
  Object.entries(all),
)) {
  for (const name of words.map(normaliseName)) ENGLISH.set(name, [...(ENGLISH.get(name) ?? []), english]);
}

/**
 * Names that a column may be known by: its own, with its words parted (`productId`), and what English exports
 * call it.
 */
export function listNames(column: string): string[] {
  const own = normaliseName(column);
  const parted = normaliseName(column.replaceAll(/(?<=\p{Ll})(?=\p{Lu}\p{Ll})/gu, ' '));
  return [own, ...(parted === own ? [] : [parted]), ...(ENGLISH.get(own) ?? [])];
}

const MAX_NAMES = 4096;
let knownNames: ReadonlySet<string> | undefined;

/** How many of the cells of a line are names of columns that exports have. */
export function countKnownNames(cells: readonly string[]): number {
  knownNames ??= new Set(
    [
      ...PLATFORMS.flatMap(({ has, fields, metrics = {} }) =>
        [has, Object.values(fields), Object.values(metrics)].flat(2),
      ),
      ...Object.values(COLUMN_WORDS).flatMap((words) => Object.values(words).flat()),
    ].map(normaliseName),
  );
  const names = new Set(cells.slice(0, MAX_NAMES).flatMap(listNames));
  // The names of one export say more than any number of names that any might have.
  const isExport = PLATFORMS.some((platform) => matches(platform, names, 'csv'));
  return [...names].filter((name) => knownNames?.has(name)).length + (isExport ? MAX_NAMES : 0);
}

/** @param paths to what lies deeper in records, read for fields that their own names do not tell */
export function recognise(
  columns: readonly string[],
  layout: Form,
  paths: readonly string[] = [],
): Recognised | undefined {
  const names = new Set(columns.flatMap(listNames));
  const known = PLATFORMS.find((platform) => matches(platform, names, layout.format));
  if (known !== undefined) return { platform: describe(known, layout), isPlatform: true };
  const bare = readColumnWords(columns, layout);
  // What holds the path `a.b.c`: `a` and `a.b`.
  const holders = new Set(
    paths.flatMap((found) => [...found.matchAll(/\./gu)].map(({ index }) => found.slice(0, index))),
  );
  const plain = columns.filter((column) => !holders.has(column));
  const deep = paths.length === 0 ? undefined : readColumnWords([...plain, ...paths], layout);
  const own = bare === undefined || deep === undefined ? (bare ?? deep) : joinFields(bare, deep);
  return own === undefined ? undefined : { platform: own, isPlatform: false };
}

/** What records say themselves goes before what lies deeper; a price may be in either. */
function joinFields(bare: Platform, { fields: deep }: Platform): Platform {
  const price = [...new Set([...(bare.fields.price ?? []), ...(deep.price ?? [])])];
  return { ...bare, fields: { ...deep, ...bare.fields, ...(price.length > 0 && { price }) } };
}

function matches(
  { has, hasOne = [], lacks = [], formats }: Platform,
  names: ReadonlySet<string>,
  format: string,
): boolean {
  if (formats === undefined ? format === 'xml' : !formats.includes(format)) return false;
  const holds = (name: string): boolean =>
    name.includes('*') ? [...names].some((known) => fitsPattern(known, name)) : names.has(name);
  return has.every(holds) && hasOne.every((some) => some.some(holds)) && !lacks.some(holds);
}

/** `tag*` and `*(channel price)`: names that begin or end so. */
export function fitsPattern(name: string, pattern: string): boolean {
  return pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name.startsWith(pattern.slice(0, -1));
}

/** The same feed comes in more than one form. */
function describe(platform: Platform, { format, marks, delimiter }: Form): Platform {
  let { name } = platform;
  if (name === 'Google Merchant RSS 2.0 feed' && marks[0] === 'feed') name = 'Google Merchant Atom feed';
  if (name.startsWith('Google Merchant Center') && delimiter !== '\t') {
    name = `Google Merchant Center feed (${format.toUpperCase()})`;
  }
  return name === platform.name ? platform : { ...platform, name };
}

/**
 * @returns undefined where neither a title nor a text can be told, or little else: two names among many say
 *   nothing
 */
function readColumnWords(columns: readonly string[], layout: Form): Platform | undefined {
  const own = new Map<string, string>();
  const barer = new Map<string, string>();
  const heads = new Map<RecordField, string[]>();
  for (const column of columns.map(normaliseName)) {
    const name = ownForm(column);
    if (!own.has(name)) own.set(name, column);
    for (const form of barerForms(column)) if (!barer.has(form)) barer.set(form, column);
    const field = headOf(column);
    if (field !== undefined && !heads.get(field)?.push(column)) heads.set(field, [column]);
  }
  const names = { own, barer, heads };
  const languages = SQUEEZED_WORDS.map(({ language, words }) => {
    const fields: Partial<Record<RecordField, readonly string[]>> = {};
    fill(fields, words, { ...names, heads: new Map() });
    return { language, words, fields };
  });
  const best = languages.reduce((a, b) =>
    Object.keys(b.fields).length > Object.keys(a.fields).length ? b : a,
  );
  // Some columns keep their English names in tables of any language.
  const fields: Partial<Record<RecordField, readonly string[]>> = { ...best.fields };
  fill(fields, best.words, names);
  fill(fields, SQUEEZED_WORDS[0]?.words ?? {}, names);
  // A table of two languages has its texts in one of them.
  if (fields.title === undefined || fields.description === undefined) {
    for (const { words } of SQUEEZED_WORDS) {
      const { title = [], description = [] } = words;
      fill(fields, { title, description }, { ...names, heads: new Map() });
    }
  }
  const known = Object.keys(fields).length;
  if (fields.title === undefined) return undefined;
  // A list of products without their texts says more of them than what they are called.
  const isTold =
    fields.description !== undefined ||
    (fields.id !== undefined &&
      fields.price !== undefined &&
      (fields.category !== undefined || fields.brand !== undefined));
  if (!isTold || (known < 4 && known < columns.length && known * 4 < columns.length * 3)) return undefined;
  if (
    isOfOthers(
      columns.map((column) => plainOf(normaliseName(column)).replaceAll('.', ' ')),
      fields,
    )
  )
    return undefined;
  return {
    name: nameOf(best.language, layout),
    kind: 'products',
    has: [],
    fields,
    ...(best.language !== 'English' && { isDayFirst: true }),
    ...(best.language === 'Chinese' && { isYuan: true }),
    ...foldOf(fields, names),
  };
}

/** What a product is called whose variants have ids of their own, and what a variant calls its product. */
const PRODUCT_KEYS = [
  'handle',
  'merchantproductmodelid',
  'productmodelid',
  'modelid',
  'stylecode',
  'stylenumber',
  'styleid',
  'spu',
  'spuid',
  'producthandle',
];
const PARENT_KEYS = [
  'parentsku',
  'parentid',
  'parentproductid',
  'parentcode',
  'parentproduct',
  'parentskuid',
  'parentitem',
  'parent',
];
const OF_VARIANTS = /variant|variation|option|\bsize\b|\bcolou?r\b|\bsimple\b|barcode|^(?:ean|gtin|upc)$/u;

/** Rows of a table that belong to one product. */
function foldOf(fields: Platform['fields'], { own }: Names): Partial<Pick<Platform, 'fields' | 'fold'>> {
  const parent = PARENT_KEYS.map((key) => own.get(key)).find((column) => column !== undefined);
  const { id = [], title = [], description = [] } = fields;
  if (parent !== undefined && id.length > 0 && !id.includes(parent))
    return { fold: { by: 'parent', type: parent, types: ['*'], parent, key: id } };
  const key = PRODUCT_KEYS.map((word) => own.get(word)).find((column) => column !== undefined);
  if (key === undefined || ![...own.values()].some((name) => OF_VARIANTS.test(name))) return {};
  return { fields: { ...fields, id: [key] }, fold: { by: 'key', key, texts: [...title, ...description] } };
}

/** Columns of orders. */
const ORDER =
  /^(?:order|invoice|customer) (?:id|date|status|total|email|name)$|^(?:customer|buyer|invoice (?:no|number))$|^(?:bestell|auftrags|rechnungs)(?:datum|status)$|^(?:auftrags|rechnungs|kunden)nummer$|^(?:date|numero) de (?:la )?(?:commande|facture)$|^fecha (?:de|del) pedido$|^data (?:dell'ordine|ordine)$|^(?:bestel|factuur)datum$/u;
const EVENT =
  /^(?:venue|organi[sz]er|speakers?|attendees|event(?: id| name| date| type)?|veranstaltungsort)$/u;
/** Of people, events and articles; tables of products may have one as well, beside what only they have. */
const PERSON =
  /^(?:e ?mail(?: address| adresse)?|phone(?: number)?|telephone|telefon|first name|last name|surname|vorname|nachname|prenom|apellidos?|cognome|voornaam|achternaam|date of birth|birthday|geburtsdatum)$/u;
const SPAN = /^(?:start(?:s at| date| time)?|end(?:s at| date| time)?|beginn|ende)$/u;
const ARTICLE =
  /^(?:authors?|byline|journalist|autor|auteur|autore|headline|subject|pub ?date|publish(?:ed|ing)? (?:at|on|date)|publication date)$/u;
/** Of films, music, jobs, tickets, recipes and posts. */
const WORK =
  /^(?:directors?|cast|actors|runtime|vote average|imdb id|artists?|album|track id|salary(?: .{1,10})?|employment type|job (?:id|title|type)|assignee|story points|prep time|cook time|servings|post type|post status)$/u;
const NUMBERED = /^(?:sku|gtin|ean|upc|isbn(?: ?1[03])?|asin|mpn|barcode)$/u;

/**
 * Columns that speak of orders, people, events, articles or works; a table of products may have one of them.
 */
export function listForeignColumns(columns: readonly string[]): string[] {
  const foreign = [ORDER, EVENT, PERSON, SPAN, ARTICLE, WORK];
  return columns.filter((column) => {
    const name = plainOf(normaliseName(column)).replaceAll('.', ' ');
    return foreign.some((pattern) => pattern.test(name));
  });
}

/** Whether a table speaks of these, and so little of goods that its names and texts are no products'. */
function isOfOthers(names: readonly string[], fields: Platform['fields']): boolean {
  const count = (pattern: RegExp): number => names.filter((name) => pattern.test(name)).length;
  const isReview = count(/^(?:reviews?|review text)$/u) > 0;
  const isSold = fields.price !== undefined || fields.brand !== undefined || count(NUMBERED) > 0;
  if (!isReview && !isSold && count(WORK) > 0) return true;
  if (fields.rating !== undefined || isReview) return false;
  if (count(ORDER) > 0) return true;
  if (fields.brand !== undefined || count(NUMBERED) > 0) return false;
  if (count(EVENT) > 0) return true;
  if (fields.price !== undefined) return false;
  return (
    count(PERSON) > 0 || count(SPAN) > 0 || count(ARTICLE) + (fields.timestamp === undefined ? 0 : 1) > 1
  );
}

const SQUEEZED_WORDS = Object.entries(COLUMN_WORDS).map(([language, words]) => ({
  language,
  words: Object.fromEntries(
    Object.entries(words).map(([field, list]) => [field, list.map((word) => squeeze(normaliseName(word)))]),
  ) as FieldWords,
}));

interface Names {
  own: ReadonlyMap<string, string>;
  /** By what is left of a longer name. */
  barer: ReadonlyMap<string, string>;
  /** Where no word fits: columns whose names begin or end with the plainest word for a field. */
  heads: ReadonlyMap<RecordField, readonly string[]>;
}

/**
 * A longer name that holds a word says less than the word by itself, by as much as some places in the list.
 */
const BARER_RANK = 7;
/** Fields that may stand in a second column where the first is empty. */
const IN_TWO = new Set<RecordField>(['id', 'price', 'description']);

/** Gives fields that have none the columns that words of theirs name. */
function fill(
  fields: Partial<Record<RecordField, readonly string[]>>,
  words: FieldWords,
  { own, barer, heads }: Names,
): void {
  const taken = new Set(Object.values(fields).flat());
  for (const field of MAPPABLE_FIELDS) {
    if (fields[field] !== undefined) continue;
    const found = (words[field] ?? [])
      .flatMap((word, i) => [
        { column: own.get(word), rank: i },
        { column: barer.get(word), rank: i + BARER_RANK },
      ])
      .toSorted((a, b) => a.rank - b.rank)
      .flatMap(({ column }) => (column === undefined ? [] : [column]));
    const free = [...found, ...(heads.get(field) ?? [])].filter((column) => !taken.has(column));
    if (free.length === 0) continue;
    const columns = [...new Set(free)].slice(0, IN_TWO.has(field) ? 2 : 1);
    fields[field] = columns;
    for (const column of columns) taken.add(column);
  }
}

/**
 * Without accents, spaces and signs, and without the currency that a price is in: `Prix (EUR)`, `price_usd`.
 */
function ownForm(name: string): string {
  const plain = plainOf(name);
  const bare =
    currencyOfName(plain) === undefined
      ? plain
      : plain.replace(/[\s([,.]{1,3}(?:in )?[^\s([,.]{1,4}[)\]]?$/u, '');
  return squeeze(bare);
}

const LOCALE =
  '(?:en|de|fr|es|it|nl|pt|pl|sv|da|no|fi|cs|ru|ja|zh|ko|tr|ar)(?: (?:us|gb|de|at|ch|fr|es|it|nl|pt|br|pl|mx|ca))?';
const AFTER = new RegExp(String.raw`[ .]${LOCALE}(?: (?:ecommerce|web|print|mobile|default))?$`, 'u');
const BEFORE = new RegExp(
  String.raw`^(?:et title |ie |ic |cv |${LOCALE} |main |parent |default |full )`,
  'u',
);
const WHOSE =
  /^(?:the )?(?:product|item|article|listing|offer|goods|artikel|produkt|waren|produit|prodotto|producto|produto|termék|tuote|товар|商品|产品|宝贝|상품)[ .-]?|(?: (?:im shop|du produit|del producto|do produto|del prodotto|prodotto|produktu|produkt|oferty|товара|product|item|eur|usd|gbp|\d))$/gu;

const HEADS: readonly (readonly [RecordField, RegExp])[] = [
  ['title', /^(?:title|titel|titre|titulo|titolo|libelle|bezeichnung|tytul)$/u],
  [
    'description',
    /^(?:description|beschreibung|descripcion|descrizione|descricao|omschrijving|opis|popis)$/u,
  ],
  ['category', /^(?:category|kategorie|categorie|categoria|kategoria|kategori)$/u],
  ['price', /^(?:price|preis|prix|precio|prezzo|preco|cena|prijs|pris|fiyat|цена)$/u],
  ['brand', /^(?:brand|marke|marque|marca|merk|manufacturer|hersteller|бренд)$/u],
];
/** In languages that write a longer name without spaces. */
const ENDINGS: readonly (readonly [RecordField, RegExp])[] = [
  ['title', /(?:标题|標題|商品名|商品名称|名稱)$/u],
  ['description', /(?:描述|详情|詳情|説明|説明文|설명)$/u],
  ['category', /(?:类目|類目|分类|分類|カテゴリー?|카테고리)$/u],
  ['price', /(?<!市场|市場|成本|划线|原|进|進|采购)(?:价|价格|價|價格|価格)$/u],
  ['brand', /(?:品牌|ブランド|브랜드)$/u],
];
/** What a column with these words says is none of the product's own. */
const OF_OTHERS =
  /\b(?:seo|meta|image|bild|photo|page|option|alt|tag|variant|shipping|versand|cost|old|alter|compare|purchase|wholesale|min|max|rule|id|ids|url|link|language|currency|count|format|status|google|facebook|store|review|level|tier|tax|rrp|msrp|uvp|unit|per|base|grund)\b/u;

/** The field that the first or the last word of a name says: `merchant category`, `prix de vente`. */
function headOf(name: string): RecordField | undefined {
  const ending = ENDINGS.find(([, pattern]) => pattern.test(name));
  if (ending !== undefined) return ending[0];
  const words = plainOf(name).split(/[^\p{L}\p{N}]+/u);
  if (words.length < 2 || OF_OTHERS.test(words.join(' '))) return undefined;
  return HEADS.find(([, pattern]) => pattern.test(words.at(-1) ?? '') || pattern.test(words[0] ?? ''))?.[0];
}

/**
 * What is left without the language, the brackets and the word for a product: `name[lang=en]`, `Product
 * name`.
 */
function barerForms(name: string): string[] {
  const bare = plainOf(name)
    .replaceAll(/\s{0,3}[([][^()[\]]{0,80}[)\]]/gu, '')
    .replace(/,.{0,20}$/u, '')
    .replaceAll(/^[\s*#$_@]{1,9}|[\s*:]{1,9}$/gu, '');
  const local = bare.replace(AFTER, '').replace(BEFORE, '');
  return [bare, local, local.replaceAll(WHOSE, ''), bare.slice(bare.lastIndexOf('.') + 1)]
    .map(squeeze)
    .filter((form) => form !== '');
}

function plainOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('’', "'")
    .replaceAll('ı', 'i')
    .normalize('NFKC');
}

function squeeze(name: string): string {
  return plainOf(name).replaceAll(/[^\p{L}\p{N}@]/gu, '');
}

function nameOf(language: string, { format, encoding, marks }: Form): string {
  const written = format === 'jsonl' ? 'JSON Lines' : format.toUpperCase();
  if (format === 'xlsx') return `Excel workbook with ${language} columns`;
  if (encoding.startsWith('utf-16')) return `Unicode text saved by ${language} Excel`;
  if ((format === 'csv' || format === 'tsv') && (marks.includes('sep=') || encoding === 'windows-1252')) {
    return `${written} saved by ${language} Excel`;
  }
  return `${written} with ${language} columns`;
}
