/**
 * Numbers as people write them: `4,5`, `1.299,00`, `12,99 €`, `USD 12.00`, `4.5/5`, `4 out of 5 stars`.
 * Whether a comma or a point parts the decimals is decided by the column, never by one cell; where a column
 * says both, what contradicts it is refused.
 */

/** What no number needs to be written. */
const MAX_NUMBER_CHARS = 64;

export interface ReadNumber {
  value: number;
  /** ISO 4217, where the cell says it. */
  currency?: string;
  /** The 5 of `4 out of 5`. */
  outOf?: number;
  /** Whether it is one of two answers, 1 or 0: `true`, `Not Recommended`. */
  isAnswer?: true;
}

/** What a column tells by its cells. */
export interface NumberEvidence {
  observe(text: string): void;
  /** null: there is none. @returns what is wrong, in words */
  read(text: string): ReadNumber | { fault: string } | null;
  /** The mark that parts decimals, as far as the column tells. */
  readonly decimal: Decimal;
}

type Decimal = ',' | '.' | 'unknown' | 'both';

interface Shape {
  /** Digits and separators, without sign, currency and scale. */
  digits: string;
  negative: boolean;
  decimal: ',' | '.' | undefined;
  /** `1,299`: a separator that may part decimals as well as thousands. */
  ambiguous: ',' | '.' | undefined;
  currency?: string | undefined;
  outOf?: number | undefined;
}

const MISSING = new Set(
  (
    '|-|--|---|–|—|/|.|?|n/a|#n/a|na|n.a.|n.a|nan|null|none|nil|undefined|unknown|#nv|#wert!|#ref!|#div/0!|#value!|#name?|#bezug!|k.a.|k. a.|' +
    'keine|keine angabe|n.d.|nd|s/o|(not set)|(none)|not rated|not yet rated|not rated yet|unrated|no rating|no ratings|no ratings yet|' +
    'no reviews|no reviews yet|not reviewed|nicht bewertet|keine bewertung|keine bewertungen|non noté|pas de note|sin calificar|non valutato'
  ).split('|'),
);

/** Words that stand for an empty cell. */
export function isMissing(text: string): boolean {
  if (text.length > 24) return false;
  const plain = text.trim();
  return plain === '' || MISSING.has(plain.toLowerCase());
}

/** @param hint what other columns of the file say, for a column that does not tell */
export function createNumberEvidence(
  hint: () => ',' | '.' | undefined = () => undefined,
  { isRating = false } = {},
): NumberEvidence {
  let commas = 0;
  let points = 0;
  const decide = (): Decimal => {
    if (commas + points === 0) return 'unknown';
    // A slip of the pen does not make a column contradictory; a tenth of it does.
    if (Math.min(commas, points) * 10 > commas + points) return 'both';
    return commas > points ? ',' : '.';
  };
  return {
    observe: (text) => {
      const shape = findShape(text);
      if (shape === undefined || 'fault' in shape) return;
      if (shape.decimal === ',') commas += 1;
      if (shape.decimal === '.') points += 1;
    },
    read: (text) => {
      const said =
        isRating && /^\D/u.test(text) && text.length <= MAX_NUMBER_CHARS ? readWords(text) : undefined;
      if (said !== undefined) return said;
      const shape = findShape(text);
      if (shape === undefined) return null;
      if ('fault' in shape) return shape;
      let decimal = decide();
      if (decimal === 'unknown') decimal = shape.decimal ?? hint() ?? '.';
      if (decimal === 'both' && (shape.decimal ?? shape.ambiguous) !== undefined) {
        return { fault: 'stands in a column that parts decimals by comma and by point: write them one way' };
      }
      if (shape.decimal !== undefined && shape.decimal !== decimal) {
        return {
          fault: `parts its decimals by ${name(shape.decimal)} where the column does by ${name(decimal)}`,
        };
      }
      const value = toNumber(shape, decimal === ',' ? ',' : '.');
      if (!Number.isFinite(value)) return { fault: 'must be a number' };
      return {
        value,
        ...(shape.currency !== undefined && { currency: shape.currency }),
        ...(shape.outOf !== undefined && { outOf: shape.outOf }),
      };
    },
    get decimal() {
      return decide();
    },
  };
}

function name(decimal: string): string {
  return decimal === ',' ? 'a comma' : 'a point';
}

const OUT_OF =
  /^(.{1,20}?)\s{0,3}(?:\/|out of|of|von|sur|de|su|di|av|uit|z|из)\s{0,3}(\d{1,3}(?:[.,]0{1,2})?)\s{0,3}(?:\(.{0,20}\)|★|stars?|sterne[n]?|[eé]toiles?|estrellas?|stelle|points?|punkten?)?$/iu;
const STARS_WORD = /\s{0,3}(?:stars?|sterne[n]?|[eé]toiles?|estrellas?|stelle|sterren|★|⭐)$/iu;
const STAR_SIGNS = /^[★⭐✭🌟]{1,10}[½]?[☆✩]{0,10}$/u;

/** As Google's interfaces write stars. */
const STAR_WORDS = ['one', 'two', 'three', 'four', 'five'];
/** What people answer where they are not asked for stars. */
const ANSWERS = [
  [
    'false',
    'no',
    'not recommended',
    'negative',
    'thumbs down',
    'dislike',
    '👎',
    'down',
    'falsch',
    'nein',
    'faux',
    'non',
  ],
  ['true', 'yes', 'recommended', 'positive', 'thumbs up', 'like', '👍', 'up', 'wahr', 'ja', 'vrai', 'oui'],
];

/** A rating in words; a column of prices holds none. */
function readWords(raw: string): ReadNumber | undefined {
  const word = raw.trim().toLowerCase().replaceAll('_', ' ');
  const stars = STAR_WORDS.indexOf(word) + 1;
  if (stars > 0) return { value: stars };
  const answer = ANSWERS.findIndex((words) => words.includes(word));
  return answer === -1 ? undefined : { value: answer, isAnswer: true };
}

/** Most cells: digits, with a point and no more than two after it where there is one. */
const PLAIN = /^\d{1,15}(\.\d{1,2})?$/u;

/** undefined: the cell is empty. */
function findShape(raw: string): Shape | { fault: string } | undefined {
  if (raw.length > MAX_NUMBER_CHARS) return { fault: 'must be a number' };
  const plain = PLAIN.exec(raw);
  if (plain !== null) {
    const decimal = plain[1] === undefined ? undefined : '.';
    return { digits: raw, negative: false, decimal, ambiguous: undefined };
  }
  if (isMissing(raw)) return undefined;
  let text = raw.replaceAll(/[\s\u00a0\u202f\u2009]+/gu, ' ').trim();
  // A spreadsheet's guard against formulas and against dropping zeros.
  if (text.startsWith("'")) text = text.slice(1);
  if (STAR_SIGNS.test(text)) return readStars(text);
  let outOf: number | undefined;
  const scaled = OUT_OF.exec(text);
  if (scaled !== null) {
    outOf = Number((scaled[2] ?? '').replace(/[.,].*/u, ''));
    text = (scaled[1] ?? '').trim();
  } else text = text.replace(STARS_WORD, '');
  // Crowns are of several countries.
  text = text.replace(/^kr\.?(?= ?\d)|(?<=[\d-]) ?(?:kr\.?|:-)$/iu, '').trim();
  const money = takeCurrency(text);
  text = money.rest;
  if (text.endsWith('%')) text = text.slice(0, -1).trim();
  let negative = false;
  if (/^[+\-−–]/u.test(text)) {
    negative = !text.startsWith('+');
    text = text.slice(1).trim();
  }
  if (/^(?:\d+(?:\.\d*)?|\.\d+)e[+-]?\d{1,3}$/iu.test(text)) {
    return { digits: text, negative, decimal: undefined, ambiguous: undefined, outOf, ...money.found };
  }
  // 1'299.00 in Switzerland; 1 299,00 in France.
  const digits = text.replaceAll(/(?<=\d)[ '’](?=\d{3}(?!\d))/gu, '').replace(/[.,]-{1,2}$/u, '');
  if (!/^[\d.,]+$/u.test(digits) || !/\d/u.test(digits)) return { fault: 'must be a number' };
  const parted = partDigits(digits);
  return parted === undefined
    ? { fault: 'must be a number' }
    : { digits, negative, outOf, ...parted, ...money.found };
}

function partDigits(digits: string): Pick<Shape, 'decimal' | 'ambiguous'> | undefined {
  const commas = digits.split(',').length - 1;
  const points = digits.split('.').length - 1;
  if (commas + points === 0) return { decimal: undefined, ambiguous: undefined };
  if (commas > 0 && points > 0) {
    const decimal = digits.lastIndexOf(',') > digits.lastIndexOf('.') ? ',' : '.';
    if ((decimal === ',' ? commas : points) !== 1) return undefined;
    const whole = digits.slice(0, digits.lastIndexOf(decimal));
    return isGrouped(whole, decimal === ',' ? '.' : ',') ? { decimal, ambiguous: undefined } : undefined;
  }
  const mark = commas > 0 ? ',' : '.';
  const other = mark === ',' ? '.' : ',';
  if (commas + points > 1)
    return isGrouped(digits, mark) ? { decimal: other, ambiguous: undefined } : undefined;
  const [whole = '', fraction = ''] = digits.split(mark);
  const mayGroup = fraction.length === 3 && /^[1-9]\d{0,2}$/u.test(whole);
  return mayGroup ? { decimal: undefined, ambiguous: mark } : { decimal: mark, ambiguous: undefined };
}

/** Groups of three; of two before them, as India writes. */
function isGrouped(text: string, mark: string): boolean {
  const [first = '', ...groups] = text.split(mark);
  if (!/^\d{1,3}$/u.test(first) || groups.at(-1)?.length !== 3) return false;
  return (
    groups.every(({ length }) => length === 3) || groups.slice(0, -1).every(({ length }) => length === 2)
  );
}

function toNumber({ digits, negative, decimal: own }: Shape, decimal: ',' | '.'): number {
  const mark = own ?? decimal;
  const grouping = mark === ',' ? '.' : ',';
  const whole = digits.includes(grouping) ? digits.replaceAll(grouping, '') : digits;
  const value = Number(mark === ',' ? whole.replace(mark, '.') : whole);
  return negative ? -value : value;
}

function readStars(text: string): Shape {
  const full = (text.match(/[^½☆✩]/gu) ?? []).length + (text.includes('½') ? 0.5 : 0);
  return { digits: String(full), negative: false, decimal: undefined, ambiguous: undefined, outOf: 5 };
}

const SIGNS: readonly (readonly [string, string])[] = [
  ['US$', 'USD'],
  ['A$', 'AUD'],
  ['AU$', 'AUD'],
  ['CA$', 'CAD'],
  ['C$', 'CAD'],
  ['NZ$', 'NZD'],
  ['HK$', 'HKD'],
  ['S$', 'SGD'],
  ['R$', 'BRL'],
  ['MX$', 'MXN'],
  ['€', 'EUR'],
  ['£', 'GBP'],
  ['$', 'USD'],
  ['¥', 'JPY'],
  ['￥', 'JPY'],
  ['₹', 'INR'],
  ['₽', 'RUB'],
  ['₩', 'KRW'],
  ['₺', 'TRY'],
  ['₪', 'ILS'],
  ['₫', 'VND'],
  ['₴', 'UAH'],
  ['zł', 'PLN'],
  ['Kč', 'CZK'],
  ['Ft', 'HUF'],
  ['Fr.', 'CHF'],
  ['TL', 'TRY'],
  ['руб.', 'RUB'],
  ['руб', 'RUB'],
  ['грн.', 'UAH'],
  ['грн', 'UAH'],
  ['лв.', 'BGN'],
  ['лв', 'BGN'],
  ['lei', 'RON'],
  ['Lei', 'RON'],
  ['Rp.', 'IDR'],
  ['Rp', 'IDR'],
  ['RM', 'MYR'],
  ['Rs.', 'INR'],
  ['Rs', 'INR'],
  ['元', 'CNY'],
  ['円', 'JPY'],
  ['원', 'KRW'],
  ['đ', 'VND'],
  ['ر.س', 'SAR'],
  ['د.إ', 'AED'],
  ['฿', 'THB'],
  ['₱', 'PHP'],
];
const CODES = new Set(Intl.supportedValuesOf('currency'));

/** Words as well, as in `price_all` and `price_std`: currencies only in brackets. */
const WORDS = new Set(['ALL', 'CUP', 'STD', 'TOP']);

/** The currency that a column's name says: `Price (EUR)`, `Preis in €`, `price_usd`, `Цена, руб.`. */
export function currencyOfName(name: string): string | undefined {
  const found = /([\s([_,.-])(?:in )?([A-Za-z]{3}|[^\s\w()[\],-]{1,4})[)\]]?$/u.exec(name.slice(-40));
  if (found === null) return undefined;
  const [, before = '', last = ''] = found;
  const code = SIGNS.find(([sign]) => sign === last)?.[1] ?? last.toUpperCase();
  return CODES.has(code) && !(WORDS.has(code) && /[\s_.-]/u.test(before)) ? code : undefined;
}

function takeCurrency(text: string): { rest: string; found: { currency?: string } } {
  const code = /^([A-Z]{3}) ?(?=[\d+\-.,])|(?<=[\d.,-]) ?([A-Z]{3})$/u.exec(text);
  const named = code?.[1] ?? code?.[2];
  if (code !== null && named !== undefined && CODES.has(named)) {
    const rest = text.replace(code[0], '').trim();
    // `$ 12.50 USD` says it twice.
    const sign = SIGNS.find(([mark]) => rest.startsWith(mark))?.[0] ?? '';
    return { rest: rest.slice(sign.length).trim(), found: { currency: named } };
  }
  for (const [sign, currency] of SIGNS) {
    if (text.startsWith(sign)) return { rest: text.slice(sign.length).trim(), found: { currency } };
    if (text.endsWith(sign)) return { rest: text.slice(0, -sign.length).trim(), found: { currency } };
    // -$5, +€5
    if (/^[+-]/u.test(text) && text.startsWith(sign, 1)) {
      return { rest: text[0] + text.slice(1 + sign.length).trim(), found: { currency } };
    }
  }
  return { rest: text, found: {} };
}
