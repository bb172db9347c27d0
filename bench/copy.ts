/**
 * Whether copy keeps its promises in numbers: npm run bench:copy
 *
 *   creatives   10,000 in each language over all channels: none over a hard limit, none empty, none with an
 *               unsupported number, none with a note, none in another language; the share of distinct
 *               captions
 *   texts       at least eight per field for every product, but for fields that only state facts
 *   hostile     1,000 inputs of emoji, right-to-left text, 5,000-character titles and controls: the same
 *   cost        CPU of one request without scoring: count 1 below 1 ms, the default below 5 ms
 *
 * --quick writes 200 in each language, for CI. Products are those of products.json where it is found
 * (bench/README.md), else drawn ones. Ends with exit code 1 when a promise is broken. The limits of CPU keep
 * writing well below what scoring the texts costs.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createRandom } from '../src/core/random.ts';
import { createCopywriter, DEFAULT_COUNT, loadChannels, type CopyRequest } from '../src/copy/index.ts';
import { findBenchData } from './data.ts';
import { startTimer } from './figures.ts';
import { readOptions } from './read-options.ts';
import { auditCopy } from '../fixtures/copy-audit.ts';
import { hostileRecord } from '../fixtures/hostile-records.ts';
import { formatPrice, LANGUAGES, type Language } from '../src/copy/languages/index.ts';
import { drawLanguageRecord, type LanguageRecord } from '../fixtures/records-by-language.ts';
import { drawRecord } from '../fixtures/product-records.ts';
import { writeCopy } from '../fixtures/write-copy.ts';

const SIZES = { full: { creatives: 10_000, hostile: 1000 }, quick: { creatives: 200, hostile: 100 } };
const ONE_LIMIT_MS = 1;
const DEFAULT_LIMIT_MS = 5;
const SHOWN_FAULTS = 10;

const { quick } = readOptions(import.meta.url, { quick: { type: 'boolean' } });
const { creatives, hostile } = quick === true ? SIZES.quick : SIZES.full;

const channels = loadChannels();
const copywriter = createCopywriter({ channels });
const all = copywriter.channelNames;
/** Words of the English templates that the other languages do not have. */
const ENGLISH = /(?<!\p{L})(?:meet|with|your|the|discover|ready|take a look|made for)(?!\p{L})/iu;
const flat = (texts: readonly string[]): Promise<number[]> => Promise.resolve(texts.map(() => 0));
const faults: string[] = [];

interface Product {
  title: string;
  description: string;
}

function readProducts(): { products: Product[]; origin: string } {
  const file = findBenchData('products.json');
  if (file !== undefined) {
    const products = z
      .array(z.object({ title: z.string(), description: z.string() }))
      .parse(JSON.parse(readFileSync(file, 'utf8')));
    return { products, origin: `${products.length} real products` };
  }
  const random = createRandom(1);
  return {
    products: Array.from({ length: 500 }, () => drawRecord(random)),
    origin: '500 drawn products (there is no products.json)',
  };
}

/** What a text may say of numbers: prices as the language writes them. */
function submittedWords(
  { title, description, price, currency, attributes }: LanguageRecord,
  language: Language,
): string {
  const written = price === undefined ? '' : formatPrice(price, currency ?? '', language);
  return [title, description, written, ...Object.values(attributes ?? {})].join(' ');
}

/** Fields that hold as many texts as the record has facts. */
function isFactual(field: string): boolean {
  const [channel = '', name = ''] = field.split('.');
  return ['title', 'bullet', 'listing'].includes(channels[channel]?.fields[name]?.role ?? '');
}

/** CPU milliseconds of one request, user and system, over `rounds` passes through the products. */
async function cpuMs(
  products: readonly Product[],
  request: Partial<CopyRequest>,
  rounds: number,
): Promise<number> {
  for (const product of products) await writeCopy(copywriter, { ...product, ...request }, flat);
  const seconds = startTimer();
  for (let round = 0; round < rounds; round += 1) {
    for (const product of products)
      await writeCopy(copywriter, { ...product, ...request, seed: round }, flat);
  }
  return (1000 * seconds()) / rounds / products.length;
}

const { products, origin } = readProducts();
console.log(`products: ${origin}; channels: ${all.join(', ')}`);

let texts = 0;
for (const language of LANGUAGES) {
  const captions = new Set<string>();
  const random = createRandom(LANGUAGES.indexOf(language) + 1);
  const faultsBefore = faults.length;
  for (let i = 0; i < creatives; i += 1) {
    // English has real products, and drawn ones with makers, prices and attributes.
    const isReal = language === 'en' && i % 2 === 0;
    const product = isReal ? products[(i / 2) % products.length] : drawLanguageRecord(random, language);
    if (product === undefined) throw new Error('there are no products');
    // A short title may not tell that it is English: then a note says so, unless English was asked for.
    const asked = language === 'en' ? { language } : {};
    const request = { ...product, ...asked, channels: all, count: 1, seed: i };
    const copy = await writeCopy(copywriter, request, flat);
    faults.push(...auditCopy(copy, channels, submittedWords(product, language)));
    if (copy.notes !== undefined) faults.push(`${language}: ${copy.notes.join('; ')}: ${product.title}`);
    if (copy.fallback !== null) faults.push(`${language}: ${copy.fallback}`);
    const said = JSON.stringify([copy.social_media_caption, copy.ad_copy, copy.channels]);
    const foreign = language === 'en' ? null : ENGLISH.exec(said);
    if (foreign !== null) faults.push(`${language} says "${foreign[0]}": ${said}`);
    captions.add(copy.social_media_caption);
    texts += 2 + Object.values(copy.channels).flatMap((fields) => Object.values(fields).flat()).length;
  }
  const distinct = ((100 * captions.size) / creatives).toFixed(2);
  console.log(
    `${language}: ${creatives} creatives, faults: ${faults.length - faultsBefore}, distinct captions: ${distinct} %`,
  );
}
console.log(`texts: ${texts}`);

let fewest = Number.POSITIVE_INFINITY;
for (const product of products) {
  const copy = await writeCopy(copywriter, { ...product, channels: all }, flat);
  faults.push(...auditCopy(copy, channels, `${product.title} ${product.description}`));
  for (const [field, list] of Object.entries(copy.alternatives)) {
    if (isFactual(field)) continue;
    fewest = Math.min(fewest, list.length);
    if (list.length < DEFAULT_COUNT)
      faults.push(`${field} has ${list.length} texts for ${JSON.stringify(product.title)}`);
  }
}
console.log(`texts of a field: at least ${fewest}`);

const random = createRandom(99);
const before = faults.length;
for (let i = 0; i < hostile; i += 1) {
  const record = hostileRecord(random);
  const copy = await writeCopy(copywriter, { ...record, channels: all, count: 1 + (i % 3), seed: i }, flat);
  faults.push(...auditCopy(copy, channels, `${record.title} ${record.description}`));
}
console.log(`hostile inputs: ${hostile}, faults: ${faults.length - before}`);

const oneMs = await cpuMs(products, { count: 1 }, 10);
const defaultMs = await cpuMs(products, {}, 5);
const allMs = await cpuMs(products, { channels: all }, 2);
console.log(
  `CPU a request: count 1 ${oneMs.toFixed(3)} ms, default ${defaultMs.toFixed(3)} ms, all channels ${allMs.toFixed(3)} ms`,
);

for (const fault of faults.slice(0, SHOWN_FAULTS)) console.error(fault);
const slow = oneMs >= ONE_LIMIT_MS || defaultMs >= DEFAULT_LIMIT_MS;
if (slow)
  console.error(
    `too slow: the limits are ${ONE_LIMIT_MS} ms for count 1 and ${DEFAULT_LIMIT_MS} ms by default`,
  );
if (faults.length > 0 || slow) process.exitCode = 1;
