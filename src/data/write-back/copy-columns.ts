/**
 * What is written into a catalogue that is given back as it came: the columns that its platform has for copy,
 * where it has some, otherwise our own.
 */
import type { Mapping } from '../reading/field-map.ts';
import type { TableCell, TableColumn, TableRow } from '../table/rows.ts';
import { merchantPrefix } from '../platform/recognise.ts';

/** Merchant Center wants to be told who wrote a text. */
export interface DeclaredText {
  /** https://support.google.com/merchants/answer/14784710 */
  writer: 'trained_algorithmic_media' | 'default';
  text: string;
}

export interface CopyColumn {
  /** As the file calls it, or shall call it. */
  name: string;
  /** What stands there already stays: a person may have written it. */
  keeps: boolean;
  read(row: TableRow): TableCell | DeclaredText;
}

/** Columns of the output that a catalogue holds by itself. */
const OF_CATALOGUE = new Set(['line', 'id', 'category', 'title', 'description']);
const SEO_TITLE_CHARS = 70;
const SEO_DESCRIPTION_CHARS = 160;
const MERCHANT_TITLE_CHARS = 150;
const MERCHANT_DESCRIPTION_CHARS = 5000;

/**
 * @param columns names that the file has
 * @param ours columns of the output
 */
export function planCopyColumns(
  { platform, find }: Pick<Mapping, 'platform' | 'find'>,
  columns: readonly string[],
  ours: readonly TableColumn[],
): CopyColumn[] {
  const copy = platform?.copy;
  if (copy === undefined) {
    return ours
      .filter(({ name }) => !OF_CATALOGUE.has(name))
      .map(({ name }) => ({ name, keeps: false, read: (row) => row[name] ?? null }));
  }
  const prefix = columns.map(merchantPrefix).find((known) => known !== '') ?? '';
  // Merchant Center takes both spellings; a file keeps to one.
  const spelt = (name: string): string =>
    copy.kind === 'merchant' && prefix === '' && columns.some((column) => / /u.test(column))
      ? name.replaceAll('_', ' ')
      : `${prefix}${name}`;
  const locate = (name: string): string =>
    find(name.toLowerCase().replaceAll('_', ' ')).find((column) => columns.includes(column)) ?? spelt(name);
  const read = READERS[copy.kind];
  return [
    { name: locate(copy.title), keeps: true, read: read.title },
    { name: locate(copy.description), keeps: true, read: read.description },
  ];
}

const READERS = {
  seo: {
    title: (row) => cutAtWord(textOf(row, 'title'), SEO_TITLE_CHARS),
    description: (row) => cutAtWord(textOf(row, 'ad_copy'), SEO_DESCRIPTION_CHARS),
  },
  merchant: {
    title: (row) => declare(row, cutAtWord(textOf(row, 'title'), MERCHANT_TITLE_CHARS)),
    description: (row) =>
      declare(
        row,
        cutAtWord(`${textOf(row, 'ad_copy')} ${textOf(row, 'description')}`, MERCHANT_DESCRIPTION_CHARS),
      ),
  },
} as const satisfies Record<string, Record<'title' | 'description', CopyColumn['read']>>;

function declare(row: TableRow, text: string): DeclaredText {
  return { writer: row['writer'] === 'templates' ? 'default' : 'trained_algorithmic_media', text };
}

function textOf(row: TableRow, name: string): string {
  const cell = row[name];
  return typeof cell === 'string' ? cell.replaceAll(/\s+/gu, ' ').trim() : '';
}

/** In UTF-16 units, as the platforms count; never through a character. */
function cutAtWord(text: string, max: number): string {
  const whole = text.trim();
  if (whole.length <= max) return whole;
  const cut = whole.slice(0, max + 1);
  const space = cut.lastIndexOf(' ');
  const end = space > max / 2 ? space : max;
  const isThrough = /[\uD800-\uDBFF]/.test(whole[end - 1] ?? '');
  return whole
    .slice(0, isThrough ? end - 1 : end)
    .replace(/[,;:–-]$/u, '')
    .trimEnd();
}

/** Of a table of texts: lists as JSON, nothing as nothing, a declared text as Merchant Center writes it. */
export function renderCell(cell: TableCell | DeclaredText): string {
  if (cell === null) return '';
  if (typeof cell !== 'object') return String(cell);
  if (!('writer' in cell)) return JSON.stringify(cell);
  return `${cell.writer}:"${cell.text.replaceAll('"', '""')}"`;
}

/** The creatives of a file, asked for in the order of its rows. */
export interface CreativeCursor {
  /** Of the row with this number, which only grows from call to call. */
  take(place: number): Promise<TableRow | undefined>;
}

/** @param key what numbers the rows: their line, or which record of the file they are */
export function createCreativeCursor(rows: AsyncIterable<TableRow>, key: 'line' | 'nth'): CreativeCursor {
  const iterator = rows[Symbol.asyncIterator]();
  let next: TableRow | undefined;
  let ended = false;
  return {
    take: async (place) => {
      while (!ended && (next === undefined || Number(next[key]) < place)) {
        const read = await iterator.next();
        if (read.done === true) {
          ended = true;
          next = undefined;
        } else next = read.value;
      }
      return next !== undefined && Number(next[key]) === place ? next : undefined;
    },
  };
}
