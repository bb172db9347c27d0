/**
 * How long a text is to a platform. Each method follows the platform's published rule; config/channels.yaml
 * names which applies where.
 */
import { assertNever } from '../../core/errors.ts';
import { smsParts } from './sms.ts';
import { xWeightedLength } from './x-length.ts';

export const COUNT_METHODS = ['x-weighted', 'utf16', 'code-points', 'double-width', 'sms-parts'] as const;
export type CountMethod = (typeof COUNT_METHODS)[number];

/**
 * Length of `text` in the method's unit: weighted characters, UTF-16 units, code points, columns or SMS
 * parts.
 */
export function countText(text: string, method: CountMethod): number {
  switch (method) {
    case 'x-weighted':
      return xWeightedLength(text);
    case 'utf16':
      return text.length;
    case 'code-points':
      return countCodePoints(text);
    case 'double-width':
      return countColumns(text);
    case 'sms-parts':
      return smsParts(text);
    default:
      return assertNever(method);
  }
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

// Google counts two for the characters of double-width languages. The scripts are those of Unicode's East
// Asian Width W and F.
const WIDE = new RegExp(
  '[\\u1100-\\u115F\\u2E80-\\u303E\\u3041-\\u33FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uA000-\\uA4CF\\uA960-\\uA97F\\uAC00-\\uD7A3' +
    '\\uF900-\\uFAFF\\uFE10-\\uFE19\\uFE30-\\uFE6F\\uFF01-\\uFF60\\uFFE0-\\uFFE6' +
    '\\u{16FE0}-\\u{18DFF}\\u{1AFF0}-\\u{1B2FF}\\u{1F000}-\\u{1FBFF}\\u{20000}-\\u{3FFFD}]',
  'gu',
);

/** Columns: 2 for each East Asian wide or full-width character, 1 for every other UTF-16 unit. */
function countColumns(text: string): number {
  let wide = 0;
  for (const match of text.matchAll(WIDE)) wide += 2 - match[0].length;
  return text.length + wide;
}
