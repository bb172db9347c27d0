/**
 * Recursive descent over MLflow's search language:
 *   filter    = [ condition { AND condition } ]
 *   condition = key comparator value | key [NOT] IN ( value { , value } ) | key IS [NOT] NULL
 *   order     = key [ASC | DESC]
 *   key       = word | quoted | word. quoted
 */
import { AppError } from '../../core/errors.ts';
import { tokenize, type Token } from './tokenize.ts';

const COMPARATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
] as const;
export type Comparator = (typeof COMPARATORS)[number];

export interface Key {
  /** `metrics` in `metrics.loss`; undefined for a bare attribute. */
  prefix: string | undefined;
  name: string;
}

export interface Literal {
  kind: 'string' | 'number';
  text: string;
}

export interface Condition {
  key: Key;
  comparator: Comparator;
  /** One for most comparators, several for IN, none for IS NULL. */
  values: readonly Literal[];
}

export interface Order {
  key: Key;
  isAscending: boolean;
}

const MAX_FILTER_CHARS = 100_000;
/** Each is a part of the statement that PostgreSQL has to plan. */
const MAX_CONDITIONS = 100;
const MAX_ORDERS = 20;
/** A key has at most 250 characters. */
const MAX_ORDER_CHARS = 1000;

/** @throws AppError `invalid-input` saying what was expected where */
export function parseFilter(text: string | undefined): Condition[] {
  if (text === undefined || text.trim() === '') return [];
  if (text.length > MAX_FILTER_CHARS)
    throw new AppError(
      'invalid-input',
      `Invalid filter: ${text.length} characters, at most ${MAX_FILTER_CHARS} are read`,
    );
  const reader = createReader(text);
  const conditions = [parseCondition(reader)];
  while (!reader.atEnd()) {
    if (!reader.takeWord('AND')) throw reader.fault('AND (OR and parentheses are not part of the language)');
    if (conditions.length === MAX_CONDITIONS)
      throw new AppError(
        'invalid-input',
        `Invalid filter: it has more than ${MAX_CONDITIONS} conditions, which is the most that one search takes`,
        { details: { field: 'filter', limit: MAX_CONDITIONS } },
      );
    conditions.push(parseCondition(reader));
  }
  return conditions;
}

/** @throws AppError `invalid-input` */
export function parseOrders(texts: readonly string[] = []): Order[] {
  if (texts.length > MAX_ORDERS)
    throw new AppError(
      'invalid-input',
      `Invalid order_by: it has ${texts.length} criteria, the most that one search takes is ${MAX_ORDERS}`,
      { details: { field: 'order_by', limit: MAX_ORDERS } },
    );
  return texts.map(parseOrder);
}

export function parseOrder(text: string): Order {
  if (text.length > MAX_ORDER_CHARS)
    throw new AppError(
      'invalid-input',
      `Invalid order_by: a criterion of ${text.length} characters, at most ${MAX_ORDER_CHARS} are read`,
    );
  const reader = createReader(text);
  const key = parseKey(reader);
  const isDescending = reader.takeWord('DESC');
  if (!isDescending) reader.takeWord('ASC');
  if (!reader.atEnd()) throw reader.fault('ASC, DESC or the end of the order_by clause');
  return { key, isAscending: !isDescending };
}

function parseCondition(reader: Reader): Condition {
  const key = parseKey(reader);
  if (reader.takeWord('IS')) {
    const isNegated = reader.takeWord('NOT');
    if (!reader.takeWord('NULL')) throw reader.fault('NULL');
    return { key, comparator: isNegated ? 'IS NOT NULL' : 'IS NULL', values: [] };
  }
  if (reader.takeWord('NOT')) {
    if (!reader.takeWord('IN')) throw reader.fault('IN');
    return { key, comparator: 'NOT IN', values: parseList(reader) };
  }
  if (reader.takeWord('IN')) return { key, comparator: 'IN', values: parseList(reader) };
  for (const comparator of ['LIKE', 'ILIKE'] as const) {
    if (reader.takeWord(comparator)) return { key, comparator, values: [parseLiteral(reader)] };
  }
  const token = reader.peek();
  if (token?.kind !== 'operator') throw reader.fault('a comparator');
  reader.skip();
  return { key, comparator: token.text as Comparator, values: [parseLiteral(reader)] };
}

function parseKey(reader: Reader): Key {
  const token = reader.peek();
  if (token?.kind === 'quoted') {
    reader.skip();
    return { prefix: undefined, name: token.text };
  }
  if (token?.kind !== 'word') throw reader.fault('a key such as metrics.loss or attributes.status');
  reader.skip();
  const dot = token.text.indexOf('.');
  if (dot === -1) return { prefix: undefined, name: token.text };
  const prefix = token.text.slice(0, dot);
  const name = token.text.slice(dot + 1);
  if (name !== '') return { prefix, name };
  const quoted = reader.peek();
  if (quoted?.kind !== 'quoted') throw reader.fault(`a key after ${token.text}`);
  reader.skip();
  return { prefix, name: quoted.text };
}

function parseList(reader: Reader): Literal[] {
  if (!reader.takeMark('(')) throw reader.fault("'('");
  const values = [parseLiteral(reader)];
  while (reader.takeMark(',')) {
    // Python writes a tuple of one with a comma at its end.
    if (reader.peek()?.kind === 'mark') break;
    values.push(parseLiteral(reader));
  }
  if (!reader.takeMark(')')) throw reader.fault("',' or ')'");
  return values;
}

function parseLiteral(reader: Reader): Literal {
  const token = reader.peek();
  if (token?.kind === 'string' || token?.kind === 'number') {
    reader.skip();
    return { kind: token.kind, text: token.text };
  }
  if (token?.kind === 'quoted' && token.quote === '"') {
    reader.skip();
    return { kind: 'string', text: token.text };
  }
  throw reader.fault('a quoted string or a number');
}

interface Reader {
  peek(): Token | undefined;
  skip(): void;
  takeWord(word: string): boolean;
  takeMark(mark: string): boolean;
  atEnd(): boolean;
  fault(expected: string): AppError;
}

function createReader(text: string): Reader {
  const tokens = tokenize(text);
  let at = 0;
  const takeIf = (isWanted: boolean): boolean => {
    if (isWanted) at += 1;
    return isWanted;
  };
  return {
    peek: () => tokens[at],
    skip: () => {
      at += 1;
    },
    takeWord: (word) => takeIf(tokens[at]?.kind === 'word' && tokens[at]?.text.toUpperCase() === word),
    takeMark: (mark) => takeIf(tokens[at]?.kind === 'mark' && tokens[at]?.text === mark),
    atEnd: () => at >= tokens.length,
    fault: (expected) => {
      const seen = tokens[at]?.text;
      const found = seen === undefined ? 'it ends' : `${JSON.stringify(seen)} stands there`;
      return new AppError(
        'invalid-input',
        `Invalid clause(s) in filter or order_by string ${JSON.stringify(text.slice(0, 500))}: expected ${expected}, but ${found}`,
      );
    },
  };
}
