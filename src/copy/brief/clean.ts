/**
 * Submitted text made safe to quote: well-formed, normalised, without controls, markup or invisible direction
 * marks.
 */
import { toPlainText } from '../../core/markup.ts';

// Controls except white space, lone surrogates, private and unassigned code points, zero-width and direction
// marks. U+200C and U+200D stay: Persian, Indic scripts and emoji need them.
const INVISIBLE =
  /(?:(?![\t\n\v\f\r\u0085\u200c\u200d])[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb])+/gu;
const MARK_PILE = /(\p{M}{4})\p{M}+/gu;
const WHITE = /[\s\u0085]+/gu;
/** What `WHITE` would change: anything but single spaces. */
const UNEVEN = /[^\S ]|\u0085| {2}/u;
const PLAIN = /^[\x20-\x7e]*$/u;

/** One line of text, at most `maxUnits` UTF-16 units of the text read. */
export function cleanText(text: string, maxUnits: number): string {
  return cleanPlain(toPlainText(text), maxUnits);
}

/**
 * As `cleanText`, with every block of a description ending its sentence: `<li>Grips well</li>` is `Grips
 * well.`
 */
export function cleanProse(text: string, maxUnits: number): string {
  const plain = toPlainText(text);
  if (!/[\n\r]/u.test(plain)) return cleanPlain(plain, maxUnits);
  const lines = plain
    .slice(0, maxUnits)
    .split(/\r\n?|\n/u)
    .map((line) => cleanPlain(line, maxUnits));
  const filled = lines.filter((line) => line !== '');
  return filled
    .map((line, i) => {
      const next = filled[i + 1];
      return next === undefined || ENDED.test(line) || isWrapped(line, next) ? line : `${line}.`;
    })
    .join(' ');
}

const ENDED = /[.!?\u2026:;,\u2013\u2014\u3002\uff01\uff1f-]["'\u2019\u201d\u00bb)\]]{0,3}$/u;

/** A long line that goes on in lower case was broken by a text editor, not by its writer. */
function isWrapped(line: string, next: string): boolean {
  return line.length > 50 && /^\p{Ll}/u.test(next);
}

function cleanPlain(text: string, maxUnits: number): string {
  let out = text.length > maxUnits ? text.slice(0, maxUnits) : text;
  if (!PLAIN.test(out)) {
    // The pile of marks is cut before NFC too: composing is quadratic in it.
    out = out.replaceAll(INVISIBLE, bridge).replaceAll(MARK_PILE, '$1').normalize('NFC');
  }
  return (UNEVEN.test(out) ? out.replaceAll(WHITE, ' ') : out).trim();
}

/** Two numbers must not become one when what stood between them goes. */
function bridge(run: string, at: number, whole: string): string {
  return /\p{N}$/u.test(whole.slice(Math.max(0, at - 2), at)) &&
    /^\p{N}/u.test(whole.slice(at + run.length, at + run.length + 2))
    ? ' '
    : '';
}

const KEYCAP = /[\d#*]\ufe0f?\u20e3/gu;
const EMOJI =
  /\p{Extended_Pictographic}|\p{Regional_Indicator}|[\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]|\ufe0f|\u20e3|\u200d/gu;

/** The text without emoji, for fields that refuse them. */
export function withoutEmoji(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(KEYCAP, '').replaceAll(EMOJI, '').replaceAll(/ {2,}/gu, ' ').trim();
}

/** Lower case without accents, so that `Café` and `cafe` compare equal. */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[\u2018\u2019]/gu, "'")
    .toLowerCase();
}
