/** Reports as self-contained HTML pages: one look, one way to escape. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attribute values in either kind of quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** @param body HTML; the title is text */
export function renderPage({ title, body }: { title: string; body: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #ccc; padding: 0.3rem 0.7rem; text-align: left; }
.worse { background: #fde8e8; }
pre { background: #f4f4f4; padding: 1rem; overflow: auto; }
</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** @param isWorse rows that are tinted */
export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  isWorse: (row: number) => boolean = () => false,
): string {
  const body = rows.map((cells, row) => renderRow(cells, 'td', isWorse(row) ? ' class="worse"' : ''));
  return `<table>\n${[renderRow(heads, 'th'), ...body].join('\n')}\n</table>`;
}

function renderRow(cells: readonly string[], tag: 'th' | 'td', attributes = ''): string {
  return `<tr${attributes}>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
}

export function renderList(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}\n</ul>`;
}

/** 0.8712 -> `87.12 %`; nothing for what is not known. */
export function percent(share: number | null | undefined): string {
  return share === undefined || share === null ? '' : `${(share * 100).toFixed(2)} %`;
}
