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

/**
 * A text about a product as a record: after the first words of the product's title, 24 characters of them at
 * the most.
 */
export function copyRecord({ title, text }: { title: string; text: string }): ClassifiedRecord {
  return { title: firstWords(title), description: text };
}

/** The text that stands for a text about a product. */
export function copyText(copy: { title: string; text: string }): string {
  return classifierText(copyRecord(copy));
}

function firstWords(title: string): string {
  if (title.length <= MAX_TITLE_CHARS) return title;
  const space = title.lastIndexOf(' ', MAX_TITLE_CHARS);
  // Never between the halves of one character.
  return space > 0
    ? title.slice(0, space).trimEnd()
    : title.slice(0, MAX_TITLE_CHARS).replace(/[\uD800-\uDBFF]$/, '');
}
