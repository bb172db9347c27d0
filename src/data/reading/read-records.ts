/**
 * From the rows of a table to records: columns are mapped, texts freed of markup, numbers and times read by
 * what their columns tell, variants folded into their product. The first rows are read ahead for that; from
 * then on it streams.
 */
import type { RecordField } from '../../core/config/index.ts';
import { toPlainText } from '../../core/markup.ts';
import { createFingerprintSet } from '../fingerprint-set.ts';
import { MAX_COLUMNS, type SourceRow, type SourceTable } from '../format/table.ts';
import type { Metric } from '../platform/platform.ts';
import { merchantPrefix, normaliseName } from '../platform/recognise.ts';
import { parseRecord, shorten, type Fault } from '../record.ts';
import { createNumberEvidence, isMissing, type NumberEvidence, type ReadNumber } from '../values/numbers.ts';
import { createTimeEvidence } from '../values/times.ts';
import {
  asList,
  currencyBeside,
  currencyIn,
  firstCategory,
  flatten,
  isHollow,
  isVoid,
  isZero,
  PARTS,
  readMinorUnits,
  splitList,
} from './cells.ts';
import { listReadColumns, resolveMapping, type Mapping, type MappingRequest } from './field-map.ts';
import { createFolder } from './fold-rows.ts';
import { isFilled, listPaths, lookUp, takeLanguage, takePart, toText, type Values } from './lookup.ts';
import type { ReadProduct, ReadRow } from './read-row.ts';
import { readRichText } from './rich-text.ts';
import { unnestRows } from './unnest-rows.ts';

/** Rows that are looked at before the first is read. */
const SAMPLE_ROWS = 500;
const SAMPLE_CHARS = 4 << 20;
const MAX_FIELDS_SEEN = 500;

export interface OpenedRecords {
  mapping: Mapping;
  rows: AsyncIterable<ReadRow>;
  /** Names of the columns, or of the fields that the first records hold. */
  columns: readonly string[];
}

/** @throws AppError `bad-data` where columns are missing, and while reading what the table throws */
export async function openRecords(table: SourceTable, given: MappingRequest): Promise<OpenedRecords> {
  if (table.columns !== undefined) {
    const request = await withRecalledMap(given, table.columns);
    const mapping = resolveMapping(request, table.columns, table.layout);
    const required = [...(mapping.fields.title ?? []), ...(mapping.fields.description ?? [])];
    const isRated = mapping.platform?.kind === 'reviews' || request.label !== null;
    if (mapping.labelColumn !== undefined) required.push(mapping.labelColumn);
    else if (isRated) required.push(...(mapping.fields.rating ?? []));
    // Any cell may say that its row is one of totals.
    const isReport = mapping.platform?.kind === 'feedback';
    const rows = table.read({ columns: isReport ? table.columns : listReadColumns(mapping), required });
    return {
      mapping,
      columns: table.columns,
      rows: readSampled(rows[Symbol.asyncIterator](), request, mapping),
    };
  }
  const iterator: AsyncIterator<SourceRow> = unnestRows(table.read(), given)[Symbol.asyncIterator]();
  const sample = await takeSample(iterator);
  const columns = new Set<string>();
  const paths = new Set<string>();
  for (const row of sample.rows) {
    if (!('values' in row) || columns.size >= MAX_FIELDS_SEEN) continue;
    for (const key of Object.keys(row.values).slice(0, MAX_COLUMNS)) columns.add(key);
    if (paths.size < MAX_FIELDS_SEEN)
      for (const found of listPaths(row.values).slice(0, MAX_COLUMNS)) paths.add(found);
  }
  try {
    const request = await withRecalledMap(given, [...columns]);
    const mapping = resolveMapping(request, [...columns], table.layout, [...paths]);
    return { mapping, columns: [...columns], rows: readSampled(iterator, request, mapping, sample) };
  } catch (thrown) {
    await iterator.return?.();
    throw thrown;
  }
}

async function withRecalledMap(request: MappingRequest, columns: readonly string[]): Promise<MappingRequest> {
  if (Object.keys(request.map).length > 0) return request;
  return { ...request, map: (await request.recall?.(columns)) ?? request.map };
}

interface Sample {
  rows: SourceRow[];
  ended: boolean;
}

async function takeSample(iterator: AsyncIterator<SourceRow>): Promise<Sample> {
  const rows: SourceRow[] = [];
  let chars = 0;
  while (rows.length < SAMPLE_ROWS && chars < SAMPLE_CHARS) {
    const next = await iterator.next();
    if (next.done === true) return { rows, ended: true };
    rows.push(next.value);
    if ('values' in next.value)
      for (const value of Object.values(next.value.values)) chars += toText(value).length;
  }
  return { rows, ended: false };
}

async function* readSampled(
  iterator: AsyncIterator<SourceRow>,
  request: MappingRequest,
  mapping: Mapping,
  given?: Sample,
): AsyncGenerator<ReadRow> {
  try {
    const sample = given ?? (await takeSample(iterator));
    const reader = createReader(request, mapping);
    for (const row of sample.rows) if ('values' in row) reader.observe(row.values);
    // Row by row: `yield*` would make several promises of each.
    for (const row of sample.rows) for (const read of reader.read(row)) yield read;
    if (!sample.ended) {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        for (const read of reader.read(next.value)) yield read;
      }
    }
    yield* reader.end();
  } finally {
    await iterator.return?.();
  }
}

const NUMBERS = ['price', 'rating'] as const;
const TOTAL = /^(?:(?:grand |sub)?totals?|summe|gesamt(?:summe)?|totale?|suma)\b/iu;
/** A cell of a report that says it; a text that is shown may begin with the same word. */
const TOTAL_CELL =
  /^(?:grand |report |overall |sub)?(?:totals?|summe|gesamt(?:summe|ergebnis)?|totale|suma|totaal)\s{0,3}(?::.{0,80}|[-–].{0,80}|of \d{1,9} .{0,40})?$/iu;

/** What the cells of a row give, not yet checked. */
type Raw = Partial<Record<RecordField, unknown>> & { isLiked?: boolean };

function createReader(request: MappingRequest, mapping: Mapping) {
  const { platform, fields, asked } = mapping;
  const evidence = createColumnEvidence(mapping);
  const zero = createZeroRule();
  const answers = new Set(fields.rating?.filter((column) => ANSWERS.has(normaliseName(column))));
  const times = createTimeEvidence(() =>
    mapping.decimal === ',' ||
    platform?.isDayFirst === true ||
    evidence.price.decimal === ',' ||
    evidence.rating.decimal === ','
      ? 'day'
      : undefined,
  );
  const ids = platform?.hasUniqueIds === true ? createFingerprintSet() : undefined;
  const folder = platform?.fold === undefined ? undefined : createFolder(platform.fold, mapping.find);
  const decides = new Set<string>(['title', 'description', ...asked]);
  if (request.label !== null && mapping.labelColumn === undefined) decides.add('rating');
  const lenient = new Set<string>(Object.keys(fields).filter((field) => !decides.has(field)));
  for (const field of ['currency', 'attributes']) lenient.add(field);
  const ignore = (platform?.ignore ?? []).flatMap(({ column, ...rule }) =>
    mapping.find(column).map((name) => ({ column: name, ...rule })),
  );
  const isTextNeeded = platform?.kind !== 'reviews';
  const isReport = platform?.kind === 'feedback';

  const conditions = new Map(
    Object.entries(platform?.holdsIf ?? {}).flatMap(([name, { column, pattern }]) =>
      mapping.find(name).map((of) => [of, { columns: mapping.find(column), pattern }] as const),
    ),
  );
  const holds = (values: Values, column: string): boolean => {
    const condition = conditions.get(column);
    return (
      condition === undefined ||
      condition.columns.some((of) => condition.pattern.test(toText(lookUp(values, of)).trim()))
    );
  };
  /** The first column that holds something; a price of nothing only where none holds more. */
  const takeFrom = (values: Values, field: RecordField): string | undefined => {
    let nothing: string | undefined;
    for (const column of fields[field] ?? []) {
      const value = lookUp(values, column);
      if (!isFilled(value) || (platform !== undefined && isVoid(value)) || !holds(values, column)) continue;
      if (!asked.has(field) && isHollow(field, value)) continue;
      if (field !== 'price' || !isZero(value)) return column;
      nothing ??= column;
    }
    return nothing;
  };

  /** `product_tags[0]`, `product_tags[1]`: each of the columns holds a part. */
  const takeAll = (values: Values, field: RecordField): unknown => {
    const filled = (fields[field] ?? [])
      .map((column) => lookUp(values, column))
      .filter((value) => isFilled(value) && !isVoid(value));
    return filled.length < 2 ? filled[0] : filled;
  };

  const mapped = Object.keys(fields) as RecordField[];
  const usesAttributes = [...request.uses, ...(request.also ?? [])].includes('attributes');
  const usesBrand = request.uses.includes('brand');

  const toProduct = (line: number, values: Values, needsText = isTextNeeded): ReadRow => {
    const raw: Raw = {};
    const unreadable: string[] = [];
    let fault: Fault | undefined;
    for (const field of mapped) {
      const column = takeFrom(values, field);
      if (column === undefined) continue;
      const value = field === 'tags' ? takeAll(values, field) : lookUp(values, column);
      const reason = readInto(raw, field, value, column, values);
      if (reason === undefined) continue;
      if (lenient.has(field)) unreadable.push(field);
      else fault ??= { field, value: shorten(value), reason };
    }
    for (const needed of platform?.needs ?? []) {
      if (
        fields[needed] !== undefined &&
        (raw[needed] === undefined || raw[needed] === null || raw[needed] === '')
      ) {
        if (platform?.kind === 'feedback') return { line, ignored: 'has no text of its own' };
        return {
          line,
          fault: { field: needed, value: '', reason: 'is empty: the row is cut off, or of no product' },
          values,
        };
      }
    }
    const attributes = readAttributes(values, mapping);
    if (attributes !== undefined && usesAttributes)
      raw.attributes = { ...attributes, ...(raw.attributes as object | undefined) };
    if (raw.brand === undefined && usesBrand) {
      const brand = attributes?.['brand'] ?? attributes?.['manufacturer'];
      if (brand !== undefined) raw.brand = brand;
    }
    const parsed = parseRecord(raw, lenient, needsText);
    if ('fault' in parsed) {
      const first = toText(raw.id).trim();
      if (platform !== undefined && TOTAL.test(first)) return { line, ignored: 'is a row of totals' };
      return { line, fault: fault ?? parsed.fault, values };
    }
    if (fault !== undefined) return { line, fault, values };
    const { id, title, description } = parsed.record;
    if (platform !== undefined && description === '' && isTotal(id === '' ? title : id))
      return { line, ignored: 'is a row of totals' };
    const { isLiked } = raw;
    return {
      line,
      record: parsed.record,
      values,
      emptied: [...unreadable, ...(parsed.emptied ?? [])],
      ...(isLiked !== undefined && { isLiked }),
    };
  };

  /** Puts into the record what a cell gives it. @returns what is wrong with the cell, in words */
  const readInto = (
    raw: Raw,
    field: RecordField,
    given: unknown,
    column: string,
    values: Values,
  ): string | undefined => {
    const value = PARTS[field] === undefined ? given : takePart(takeLanguage(given), PARTS[field]);
    switch (field) {
      case 'price':
      case 'rating': {
        const exact = field === 'price' ? readMinorUnits(given, /money$/iu.test(column)) : undefined;
        const stated = exact ?? value;
        const number: ReadNumber | { fault: string } | null =
          typeof stated === 'number' ? { value: stated } : evidence[field].read(toText(stated));
        if (number === null) return undefined;
        if ('fault' in number) return number.fault;
        if (field === 'rating') {
          const isAnswer = number.isAnswer === true || zero.isAnswer(number.value) || answers.has(column);
          if (isAnswer) raw.isLiked = number.value > 0;
          if (isAnswer || !zero.isNone(number.value)) raw.rating = number.value;
          return undefined;
        }
        // Nothing costs nothing: a price of 0 is none.
        if (number.value !== 0 || asked.has('price')) raw.price = number.value;
        const currency =
          number.currency ??
          currencyIn(given) ??
          currencyBeside(values, column) ??
          mapping.currencyOf(column);
        if (currency !== undefined) raw.currency = currency === 'JPY' && platform?.isYuan ? 'CNY' : currency;
        return undefined;
      }
      case 'timestamp': {
        const time = times.read(toText(value));
        if (time !== null && 'fault' in time) return time.fault;
        if (time !== null) raw.timestamp = time.iso;
        return undefined;
      }
      case 'tags':
        raw.tags = splitList(asList(value), platform?.isEscaped === true);
        return undefined;
      case 'attributes':
        raw.attributes = typeof value === 'object' ? flatten(value) : { attributes: toText(value) };
        return undefined;
      case 'currency':
        raw.currency = toText(value).trim().toUpperCase();
        return undefined;
      case 'category':
        raw.category = firstCategory(asList(value), platform?.categoriesPartedBy);
        return undefined;
      case 'title':
      case 'description':
      case 'brand': {
        const text = takeLanguage(value);
        const isObject = typeof text === 'object' && !Array.isArray(text);
        raw[field] = readRichText(text) ?? (isObject ? text : toPlainText(unescape(toText(text))));
        return undefined;
      }
      case 'id':
      case 'group':
      case 'language':
        raw[field] = typeof value === 'object' && !Array.isArray(value) ? value : toText(value);
        return undefined;
    }
  };
  const unescape = (text: string): string => {
    if (platform?.isEscaped !== true) return text;
    return text.replace(/^'(?=[=+\-@])/u, '').replaceAll(String.raw`\n`, '\n');
  };

  const readMetrics = (values: Values): Partial<Record<Metric, number>> => {
    const metrics: Partial<Record<Metric, number>> = {};
    for (const [metric, names] of Object.entries(platform?.metrics ?? {}) as [Metric, readonly string[]][]) {
      const column = names.flatMap(mapping.find).find((name) => isFilled(lookUp(values, name)));
      const read = column === undefined ? null : evidence.metrics.read(toText(lookUp(values, column)));
      if (read !== null && !('fault' in read)) metrics[metric] = read.value;
    }
    return metrics;
  };

  const finish = (product: ReadProduct): ReadRow => {
    const { record, line } = product;
    if (record.id !== '' && ids?.add(record.id) === false)
      return { line, ignored: 'is the same product once more' };
    return platform?.metrics === undefined ? product : { ...product, metrics: readMetrics(product.values) };
  };

  return {
    observe: (values: Values): void => {
      for (const field of NUMBERS) {
        for (const column of fields[field] ?? []) evidence[field].observe(toText(lookUp(values, column)));
      }
      for (const column of fields.timestamp ?? []) times.observe(toText(lookUp(values, column)));
      for (const column of fields.rating ?? []) {
        const value = lookUp(values, column);
        const read =
          typeof value === 'number'
            ? { value }
            : createNumberEvidence(undefined, { isRating: true }).read(toText(value));
        if (read !== null && !('fault' in read)) zero.observe(read.value);
      }
      for (const names of Object.values(platform?.metrics ?? {})) {
        for (const column of names.flatMap(mapping.find))
          evidence.metrics.observe(toText(lookUp(values, column)));
      }
    },
    *read(row: SourceRow): Generator<ReadRow> {
      if ('fault' in row) return void (yield row);
      const { line, values } = row;
      if (isReport && Object.values(values).some(isTotal))
        return void (yield { line, ignored: 'is a row of totals' });
      const ignored = ignore.find(({ column, pattern }) =>
        pattern.test(toText(lookUp(values, column)).trim().slice(0, 2100)),
      );
      if (ignored !== undefined) return void (yield { line, ignored: ignored.reason });
      if (folder === undefined) {
        const product = toProduct(line, values);
        return void (yield 'record' in product ? finish(product) : product);
      }
      for (const done of folder.take(line, values, toProduct)) yield 'record' in done ? finish(done) : done;
    },
    *end(): Generator<ReadRow> {
      for (const done of folder?.end() ?? []) yield 'record' in done ? finish(done) : done;
    },
  };
}

function createColumnEvidence({
  fields,
  decimal,
}: Mapping): Record<(typeof NUMBERS)[number] | 'metrics', NumberEvidence> {
  const known: NumberEvidence[] = [];
  const hint = (): ',' | '.' | undefined =>
    known.map(({ decimal }) => decimal).find((found): found is ',' | '.' => found === ',' || found === '.') ??
    decimal;
  const price = createNumberEvidence(hint);
  const rating = createNumberEvidence(hint, { isRating: true });
  const metrics = createNumberEvidence();
  if (fields.price !== undefined) known.push(price);
  if (fields.rating !== undefined) known.push(rating);
  return { price, rating, metrics };
}

/** Columns of 1 and 0 that ask whether somebody liked it. */
const ANSWERS = new Set([
  'voted up',
  'recommended',
  'is recommended',
  'isrecommended',
  'recommends',
  'recommended ind',
  'would recommend',
  'liked',
  'is positive',
]);

/**
 * 0 beside a scale that begins at 1 says that nobody has rated; 1 and -1 alone, that it was liked or not.
 */
function createZeroRule() {
  let least = Infinity;
  let most = -Infinity;
  return {
    isAnswer: (value: number): boolean => least === -1 && most <= 1 && Math.abs(value) <= 1,
    observe: (value: number): void => {
      if (value === 0) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    },
    isNone: (value: number): boolean =>
      value === 0 && (least === Infinity || (least >= 1 && most > 1 && most <= 10)),
  };
}

function isTotal(value: unknown): boolean {
  return typeof value === 'string' && value.length < 120 && TOTAL_CELL.test(value.trim());
}

function readAttributes(values: Values, { platform, find }: Mapping): Record<string, string> | undefined {
  if (platform?.attributes === undefined && platform?.attributePairs === undefined) return undefined;
  const found: Record<string, string> = {};
  const put = (name: string, value: unknown): void => {
    const text = toText(value).replaceAll('\n', ', ').trim();
    // `brand=Acme,color=Red`, as Magento writes what has no column.
    if (name === 'additional attributes') {
      for (const part of text.split(/,(?=[a-z0-9_]{1,60}=)/u)) {
        const at = part.indexOf('=');
        if (at > 0) put(part.slice(0, at).replaceAll('_', ' '), part.slice(at + 1));
      }
      return;
    }
    if (text !== '' && !isMissing(text)) found[name.trim().slice(0, 200)] = toPlainText(text);
  };
  for (const column of (platform.attributes ?? []).flatMap(find))
    put(normalAttribute(column), lookUp(values, column));
  for (const [nameColumn, valueColumn] of platform.attributePairs ?? []) {
    const [name] = find(nameColumn);
    const [value] = find(valueColumn);
    if (name === undefined || value === undefined) continue;
    const called = toText(lookUp(values, name));
    // What Shopify writes for a product without options.
    if (called !== '' && called !== 'Title') put(called, lookUp(values, value));
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function normalAttribute(column: string): string {
  return column.slice(merchantPrefix(column).length).replaceAll('_', ' ');
}
