/** Splits a filter or an order_by of MLflow's search language into tokens. */
import { AppError } from '../../core/errors.ts';

export type Token =
  /** Bare: `metrics.loss`, `AND`. A word may hold dots, since `tags.mlflow.parentRunId` is common. */
  | { kind: 'word'; text: string }
  /** In backticks or double quotes: a key, and for double quotes in the place of a value a text. */
  | { kind: 'quoted'; text: string; quote: '"' | '`' }
  | { kind: 'string'; text: string }
  | { kind: 'number'; text: string }
  | { kind: 'operator'; text: string }
  | { kind: 'mark'; text: '(' | ')' | ',' };

const SHOWN_CHARS = 500;

const PATTERNS: readonly [RegExp, (match: RegExpExecArray) => Token | undefined][] = [
  [/\s+/y, () => undefined],
  [/'((?:[^']|'')*)'/y, (match) => ({ kind: 'string', text: (match[1] ?? '').replaceAll("''", "'") })],
  [
    /"((?:[^"]|"")*)"/y,
    (match) => ({ kind: 'quoted', quote: '"', text: (match[1] ?? '').replaceAll('""', '"') }),
  ],
  [/`([^`]*)`/y, (match) => ({ kind: 'quoted', quote: '`', text: match[1] ?? '' })],
  [
    /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y,
    (match) => ({ kind: 'number', text: match[0] }),
  ],
  [/!=|>=|<=|=|<|>/y, (match) => ({ kind: 'operator', text: match[0] })],
  [/[(),]/y, (match) => ({ kind: 'mark', text: match[0] as '(' | ')' | ',' })],
  [/[\p{L}_][\p{L}\p{N}_./:-]*/uy, (match) => ({ kind: 'word', text: match[0] })],
];

/** @throws AppError `invalid-input` at what is no token, such as an open quote or a semicolon */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  outer: while (at < text.length) {
    for (const [pattern, make] of PATTERNS) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match === null) continue;
      at += match[0].length;
      const token = make(match);
      if (token !== undefined) tokens.push(token);
      continue outer;
    }
    throw new AppError(
      'invalid-input',
      `Invalid filter or order_by: cannot read ${JSON.stringify(text.slice(at, at + 20))} at character ${at + 1} of ${JSON.stringify(text.slice(0, SHOWN_CHARS))}`,
    );
  }
  return tokens;
}
