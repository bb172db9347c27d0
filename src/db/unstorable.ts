import { codeOf } from './error-code.ts';

/**
 * SQLSTATE classes of statements that fail for the values they bring, and fail again however often they are
 * tried: data exceptions, broken constraints, limits of the program (nesting, size); PostgreSQL
 * documentation, appendix A.
 */
const REFUSED_CLASSES: readonly string[] = ['22', '23', '54'];

const UNSTORABLE: Readonly<Record<string, string>> = {
  '22P05': 'a text of the request holds NUL or broken Unicode, which cannot be stored: leave it out',
  '22021': 'a text of the request holds NUL or broken Unicode, which cannot be stored: leave it out',
  '22003': 'a number of the request is larger than can be stored: send a smaller one',
};

/** Whether PostgreSQL refused what a statement holds, so that trying it again is of no use. */
export function isUnstorable(error: unknown): boolean {
  return REFUSED_CLASSES.includes(codeOf(error).slice(0, 2));
}

/**
 * What of a statement's values PostgreSQL can never keep, in words for whoever sent them: NUL or broken
 * Unicode in a text, a number out of the range of its column. Undefined for any other error.
 */
export function describeUnstorable(error: unknown): string | undefined {
  return UNSTORABLE[codeOf(error)];
}
