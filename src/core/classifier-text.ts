/**
 * What a classifier reads, said once: training, the gate, serving, catalogues and feedback call these
 * functions, so that no text is scored in a form in which none was learned.
 */

export interface ClassifiedRecord {
  title: string;
  description: string;
}

/**
 * Most of a title goes to tell which product it is; what follows costs every one of its texts more time than
 * it tells.
 */
const MAX_TITLE_CHARS = 24;

/**
 * The text that stands for a record: the description alone where there is no title, otherwise both with one
 * space between.
 */
export function classifierText({ title, description }: ClassifiedRecord): string {
  return title === '' ? description : `${title} ${description}`;
}

/** A text for one field of one product. */
export interface FieldText {
  title: string;
  /** As answers name it: `ad_copy`, `x.text`. */
  field: string;
  text: string;
}

/**
 * A text about a product as a record: after the first words of the product's title, 24 characters of them at
 * the most, and the name of its field, since what pleases in one channel need not in another.
 */
export function copyRecord({ title, field, text }: FieldText): ClassifiedRecord {
  return { title: `${firstWords(title)} ${nameField(field)}`.trim(), description: text };
}

/** The text that stands for a text about a product. */
export function copyText(copy: FieldText): string {
  return classifierText(copyRecord(copy));
}

/** In as few words as tell the fields apart: every one is read with every text. */
function nameField(field: string): string {
  if (field === 'social_media_caption') return 'caption';
  if (field === 'ad_copy') return 'ad';
  return field.replace(/\.text$/, '').replaceAll(/[._]/g, ' ');
}

function firstWords(title: string): string {
  if (title.length <= MAX_TITLE_CHARS) return title;
  const space = title.lastIndexOf(' ', MAX_TITLE_CHARS);
  // Never between the halves of one character.
  return space > 0
    ? title.slice(0, space).trimEnd()
    : title.slice(0, MAX_TITLE_CHARS).replace(/[\uD800-\uDBFF]$/, '');
}
