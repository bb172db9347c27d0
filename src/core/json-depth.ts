/**
 * JSON from outside, refused where it nests too deep. `JSON.parse` itself takes any depth, at microseconds a
 * level, but whoever walks the value afterwards by recursion (schemas, `JSON.stringify` in the words for a
 * fault) would overflow the stack.
 */
import { AppError } from './errors.ts';

/** Levels of lists and objects, as many as protobuf's parsers take; what copyloop reads has under ten. */
export const MAX_JSON_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether lists and objects nest deeper than `maxDepth`, read from the text alone: linear, and what is no
 * JSON does no harm.
 */
export function isTooDeep(text: string, maxDepth = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        do at = text.indexOf('"', at + 1);
        while (at !== -1 && isEscaped(text, at));
        if (at === -1) return false;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > maxDepth) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
    }
  }
  return false;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
  return (at - start) % 2 === 1;
}

/** @throws AppError `invalid-input` naming `what` */
export function checkJsonDepth(text: string, what: string): void {
  if (isTooDeep(text))
    throw new AppError(
      'invalid-input',
      `${what} nests lists and objects more than ${MAX_JSON_DEPTH} levels deep: send it flatter`,
      { details: { limit: MAX_JSON_DEPTH } },
    );
}

/** @throws AppError `invalid-input` naming `what`, for what is no JSON or too deep */
export function parseJson(text: string, what: string): unknown {
  checkJsonDepth(text, what);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid-input', `${what} is not JSON`, { cause });
  }
}
