/**
 * Submitted text made safe to quote: well-formed, normalised, without controls, markup or invisible direction
 * marks.
 */

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

const TAG = /<\/?[a-z][^<>]{0,200}>/giu;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/giu;
// Controls except white space, lone surrogates, private and unassigned code points, zero-width and direction
// marks. U+200C and U+200D stay: Persian, Indic scripts and emoji need them.
const INVISIBLE =
  /(?:(?![\t\n\v\f\r\u0085\u200c\u200d])[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb])+/gu;
const MARK_PILE = /(\p{M}{4})\p{M}+/gu;
const WHITE = /[\s\u0085]+/gu;
/** What `WHITE` would change: anything but single spaces. */
const UNEVEN = /[^\S ]|\u0085| {2}/u;
const PLAIN = /^[\x20-\x7e]*$/u;

/** One line of text, at most `maxUnits` UTF-16 units of the input read. */
export function cleanText(text: string, maxUnits: number): string {
  let out = text.length > maxUnits ? text.slice(0, maxUnits) : text;
  if (out.includes('<')) out = out.replaceAll(TAG, ' ');
  if (out.includes('&')) out = out.replaceAll(ENTITY, decodeEntity);
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

function decodeEntity(whole: string, decimal?: string, hex?: string, named?: string): string {
  if (named !== undefined) return NAMED[named.toLowerCase()] ?? whole;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : ' ';
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
