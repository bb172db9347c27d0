/** What a cell holds, whatever its form: an object with its part, a list, money in its smallest unit. */
import type { RecordField } from '../../core/config/index.ts';
import { isJsonObject } from '../../core/json-object.ts';
import { toPlainText } from '../../core/markup.ts';
import { normaliseName } from '../platform/recognise.ts';
import { takeLanguage, takePart, toText, type Values } from './lookup.ts';
import { readListText, readRichText } from './rich-text.ts';

/** What holds the text, the number or the currency where a field is an object of its own. */
export const PARTS: Partial<Record<RecordField, readonly string[]>> = {
  id: ['id', 'value', 'label'],
  // Of a feed in JSON, and of WordPress.
  title: ['label', 'rendered', 'raw'],
  description: ['label', 'rendered', 'raw', 'html'],
  category: ['name', 'title', 'path', 'label', 'category', 'categoryname', 'category name'],
  brand: ['name', 'title', 'label', 'value'],
  tags: ['name', 'title', 'label', 'value'],
  price: ['amount', 'value', 'price', 'current', 'gross', 'min'],
  timestamp: ['value', 'iso', 'date', 'label'],
  rating: ['value', 'rate', 'ratingvalue', 'average', 'rating', 'score', 'stars', 'mean', 'label'],
  currency: ['code', 'name'],
  language: ['code', 'name'],
};
const CURRENCY_PARTS = ['currency', 'currencycode', 'currency code', 'pricecurrency'];

/** An object without the part that the field is read from: details beside an empty text. */
export function isHollow(field: RecordField, value: unknown): boolean {
  if (
    !isJsonObject(value) ||
    field === 'attributes' ||
    (field === 'price' && readMinorUnits(value) !== undefined)
  )
    return false;
  return isHollowObject(takeLanguage(takePart(value, PARTS[field] ?? [])));
}

const isHollowObject = (value: unknown): boolean => isJsonObject(value) && readRichText(value) === undefined;

export function isZero(value: unknown): boolean {
  return typeof value === 'number'
    ? value === 0
    : typeof value === 'string' && /^[^\d]{0,6}0{1,9}(?:[.,]0{1,9})?[^\d]{0,6}$/u.test(value);
}

/** Of a price in cents that says so: `{amount, divisor}`, `{centAmount}`, `{price, currency_minor_unit}`. */
export function readMinorUnits(value: unknown, isMoney = false): number | undefined {
  if (typeof value !== 'object') return undefined;
  const part = (name: string): number | undefined => {
    const key = isJsonObject(value)
      ? Object.keys(value).find((own) => normaliseName(own) === name)
      : undefined;
    const found = key === undefined ? '' : toText((value as Values)[key]);
    return /^\d{1,15}$/u.test(found) ? Number(found) : undefined;
  };
  const cents = part('centamount');
  if (cents !== undefined) return cents / 10 ** (part('fractiondigits') ?? 2);
  const [price, minor] = [part('price'), part('currency minor unit')];
  if (price !== undefined && minor !== undefined) return price / 10 ** minor;
  const unit = part('unit amount');
  if (unit !== undefined) return unit / 10 ** minorDigits(currencyIn(value));
  const micros = part('amountmicros') ?? part('amount micros');
  if (micros !== undefined) return micros / 1e6;
  const [amount, divisor] = [part('amount'), part('divisor')];
  // `price_money`, as Square has it.
  if (amount !== undefined && isMoney) return amount / 10 ** minorDigits(currencyIn(value));
  return amount !== undefined && divisor !== undefined && divisor > 0 ? amount / divisor : undefined;
}

const minorDigits = (currency = 'EUR'): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** Of a price that is an object. */
export function currencyIn(value: unknown): string | undefined {
  if (typeof value !== 'object') return undefined;
  const code = toText(takePart(value, CURRENCY_PARTS)).toUpperCase();
  return /^[A-Z]{3}$/u.test(code) ? code : undefined;
}

/** `<price currency="EUR">`, kept beside the price. */
export function currencyBeside(values: Values, column: string): string | undefined {
  const code = values[`${column}.@currency`];
  const currency = typeof code === 'string' ? code.trim().toUpperCase() : '';
  return /^[A-Z]{3}$/u.test(currency) ? currency : undefined;
}

/** What platforms and spreadsheets write where there is nothing. */
export function isVoid(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length < 12 &&
    /^\s*(?:-{1,3}|–|—|#[A-Z0-9/]{2,7}[!?]?|n\/a|null|\(not set\)|\(none\))\s*$/iu.test(value)
  );
}

export function splitList(value: unknown, isEscaped: boolean): string[] {
  if (Array.isArray(value)) return unique(value.map(toText));
  const text = toText(value);
  if (isEscaped) return unique(text.split(/(?<!\\),/u).map((part) => part.replaceAll('\\,', ',')));
  const mark = [',', ';', '|', '\n'].find((char) => text.includes(char)) ?? ',';
  return unique(text.split(mark));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => toPlainText(text).trim()))].filter((text) => text !== '');
}

export function asList(value: unknown): unknown {
  return typeof value === 'string' ? (readListText(value) ?? value) : value;
}

export function firstCategory(value: unknown, partedBy: string | undefined): string {
  const text = Array.isArray(value) ? toText(value[0]) : toText(value);
  const parts = partedBy === undefined ? [text] : text.split(partedBy === ',' ? /(?<!\\),/u : partedBy);
  return toPlainText((parts[0] ?? '').replaceAll('\\,', ',')).trim();
}

export function flatten(value: unknown): Record<string, string> {
  if (Array.isArray(value)) return Object.assign({}, ...value.map(flatten)) as Record<string, string>;
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).map(
    ([key, entry]) => [key.slice(0, 200), toText(entry).replaceAll('\n', ', ')] as const,
  );
  return Object.fromEntries(entries.filter(([, text]) => text !== ''));
}
