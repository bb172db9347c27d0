/**
 * The text of a title or a description, made once where it comes in: entities decoded, markup read as a
 * browser would show it, a line for a block. A text without markup comes back as it is. Only elements of HTML
 * are markup: `Lamp <Long>` keeps its angle brackets.
 */
import { Parser } from 'htmlparser2';

/**
 * Longer texts are not read at all: no field takes so much, so that the limit of the field refuses them as
 * they stand.
 */
const MAX_MARKUP_CHARS = 200_000;
/** Browsers stop at 512. What is nested deeper is no text of a product, and is kept as it stands. */
const MAX_DEPTH = 1000;

/** Markup that a shop has written as text once more, as OpenCart does: it begins with a block of it. */
const ENCODED = /^\s{0,20}&lt;(?:p|div|h[1-6]|ul|ol|table|span|section|br)(?:\s|\/|&gt;)/iu;

const VOID = words(
  'area base basefont br col embed frame hr img input keygen link meta param source track wbr',
);
const HIDDEN = words(
  'audio canvas datalist head iframe math noembed noframes noscript object script select style svg template textarea title video',
);
const BLOCKS = words(
  'address article aside blockquote body br button caption center dd details dialog dir div dl dt fieldset figcaption figure footer form ' +
    'h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody tfoot thead tr ul',
);
const INLINE = words(
  'a abbr acronym applet area b base basefont bdi bdo big blink cite code col colgroup data del dfn em embed font frame i img input ins kbd ' +
    'keygen label link map mark marquee meta meter nobr optgroup option output param picture progress q rp rt ruby s samp small source span ' +
    'strike strong sub sup td th time track tt u var wbr',
);

export function toPlainText(text: string): string {
  if (text.length > MAX_MARKUP_CHARS || !/[<&]/u.test(text)) return text;
  /**
   * Lines as a browser breaks them, and the same text with its own line breaks for the case that nothing of
   * it was markup.
   */
  const lines: string[] = [''];
  let plain = '';
  let isMarkup = false;
  let preformatted = 0;
  /** Elements that are open from the outermost hidden one on. */
  let hidden = 0;
  let depth = 0;

  const add = (piece: string): void => {
    if (hidden > 0) return;
    plain += piece;
    const [first = '', ...rest] = preformatted > 0 ? piece.split('\n') : [piece];
    lines[lines.length - 1] += first;
    lines.push(...rest);
  };
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        if (!VOID.has(name)) depth += 1;
        if (hidden > 0) return void (hidden += VOID.has(name) ? 0 : 1);
        if (!isElement(name)) return add(text.slice(parser.startIndex, parser.endIndex + 1));
        isMarkup = true;
        if (HIDDEN.has(name) || isUnseen(attributes)) hidden = VOID.has(name) ? 0 : 1;
        else if (BLOCKS.has(name)) lines.push('');
        else if (name === 'td' || name === 'th') add(' ');
        if (name === 'pre' && hidden === 0) preformatted += 1;
      },
      onclosetag: (name, isImplied) => {
        if (!VOID.has(name)) depth -= 1;
        if (hidden > 0) return void (hidden -= VOID.has(name) ? 0 : 1);
        if (!isElement(name))
          return isImplied ? undefined : add(text.slice(parser.startIndex, parser.endIndex + 1));
        if (BLOCKS.has(name)) lines.push('');
        if (name === 'pre' && preformatted > 0) preformatted -= 1;
      },
      ontext: add,
      oncomment: () => void (isMarkup = true),
      onprocessinginstruction: () => void (isMarkup = true),
    },
    { recognizeCDATA: true },
  );
  // In pieces, since deep nesting costs the parser the square of the depth.
  for (let at = 0; at < text.length; at += 2000) {
    parser.write(text.slice(at, at + 2000));
    if (depth > MAX_DEPTH) return text;
  }
  parser.end();
  if (!isMarkup) return ENCODED.test(text) && text.includes('&lt;/') ? toPlainText(plain) : plain;
  return lines
    .map((line) => line.replaceAll(/[ \t\n\f\r]+/gu, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** Of HTML, of an office program (`o:p`) or somebody's own (`my-tag`). */
function isElement(name: string): boolean {
  return HIDDEN.has(name) || BLOCKS.has(name) || INLINE.has(name) || /^[a-z]+[:-]/u.test(name);
}

function isUnseen({ hidden, style }: Readonly<Record<string, string>>): boolean {
  return (
    hidden !== undefined || (style !== undefined && /(?:^|[;\s])display\s{0,9}:\s{0,9}none/iu.test(style))
  );
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
