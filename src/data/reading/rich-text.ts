/**
 * Texts and lists that a cell holds as JSON: the documents of editors (EditorJS, Tiptap, Lexical, Slate,
 * Contentful, Portable Text) and lists as JSON or Python writes them.
 */
import { isJsonObject } from '../../core/json-object.ts';
import { toPlainText } from '../../core/markup.ts';
import { isTooDeep } from '../../core/json-depth.ts';

const MAX_CHARS = 1 << 20;
const EDITOR = /"(?:blocks|root|nodeType|children|_type|ops|type)"\s{0,9}:/u;
/** What an editor keeps inside a line; all else stands on lines of its own. */
const INLINE = new Set(['text', 'span', 'link', 'a', 'hyperlink', 'inline-code', 'mention', 'emoji']);

/** The text of an editor's document, which is given as it is or as JSON; undefined where it is none. */
export function readRichText(value: unknown): string | undefined {
  const document = typeof value === 'string' ? parseJson(value, EDITOR) : value;
  if (typeof document !== 'object' || document === null || !isDocument(document)) return undefined;
  const lines = gather(document).split('\n');
  const text = lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  return text === '' ? undefined : text;
}

function isDocument(value: object): boolean {
  if (Array.isArray(value))
    return value.some((node) => isJsonObject(node) && (Array.isArray(node['children']) || '_type' in node));
  const { blocks, root, nodeType, type, content, ops } = value as Record<string, unknown>;
  if (Array.isArray(blocks) || Array.isArray(ops)) return true;
  return (
    isJsonObject(root) ||
    ((type === 'doc' || type === 'root' || nodeType === 'document') && content !== undefined) ||
    (type === 'root' && 'children' in value)
  );
}

function gather(node: unknown): string {
  // EditorJS keeps markup in its lines.
  if (typeof node === 'string') return toPlainText(node);
  if (Array.isArray(node)) return node.map(gather).join('');
  if (!isJsonObject(node)) return '';
  // EditorJS lists its items as texts.
  const { data, items } = node;
  const own = ['text', 'value', 'insert', 'caption']
    .map((key) => node[key])
    .find((text) => typeof text === 'string');
  const list = Array.isArray(items)
    ? items
        .map(
          (item) =>
            `${gather(isJsonObject(item) ? { ...item, text: item['content'] ?? item['text'] } : item)}\n`,
        )
        .join('')
    : '';
  const inside = ['root', 'blocks', 'ops', 'content', 'children']
    .map((key) => gather(typeof node[key] === 'string' ? '' : node[key]))
    .join('');
  const text = `${typeof own === 'string' ? toPlainText(own) : ''}${list}${inside}${isJsonObject(data) ? gather(data) : ''}`;
  const kind = node['nodeType'] ?? node['_type'] ?? node['type'];
  return typeof kind !== 'string' || INLINE.has(kind) ? text : `${text}\n`;
}

/** `["a", "b"]`, and `['a', "b"]` as Python prints it; undefined where it is no list of texts. */
export function readListText(text: string): string[] | undefined {
  const trimmed = text.trim();
  if (!/^\[\s{0,9}(?:["'].*["']\s{0,9})?\]$/su.test(trimmed)) return undefined;
  const list = parseJson(trimmed, /^\[/u);
  if (Array.isArray(list)) return list.every((part) => typeof part === 'string') ? list : undefined;
  const parts: string[] = [];
  const part = /\s{0,9}(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s{0,9},?/suy;
  for (part.lastIndex = 1; part.lastIndex < trimmed.length - 1;) {
    const found = part.exec(trimmed);
    if (found === null) return undefined;
    parts.push((found[1] ?? found[2] ?? '').replaceAll(/\\(.)/gsu, '$1'));
  }
  return parts;
}

function parseJson(text: string, mark: RegExp): unknown {
  if (text.length > MAX_CHARS || !/^\s{0,20}[[{]/u.test(text) || !mark.test(text) || isTooDeep(text))
    return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
