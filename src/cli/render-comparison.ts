/** The page of `copyloop compare-writers`: the summary, then each product with the texts side by side. */
import { escapeHtml, percent, renderList, renderPage, renderTable } from '../core/html-page.ts';
import type { Product } from '../data/index.ts';
import type { ComparedCopy, ComparedWriter, WriterSummary } from './compare-writers.ts';

export function renderComparison(
  products: readonly Pick<Product, 'title' | 'description'>[],
  writers: readonly ComparedWriter[],
  about: { title: string; breaches: readonly string[] },
): string {
  const summary = renderTable(
    ['Writer', 'Its own', 'Refused', 'Diversity', 'Score', 'Seconds', 'Tokens', 'Cost'],
    writers.map(({ summary: of }) => describeWriter(of)),
  );
  const breaches =
    about.breaches.length === 0 ? '' : `<h2>Limits not kept</h2>\n${renderList(about.breaches)}`;
  const sections = products.map((product, at) =>
    renderProduct(
      product,
      writers.map((writer) => ({ writer: writer.summary.writer, copy: writer.copies[at] })),
    ),
  );
  return renderPage({
    title: about.title,
    body: [`<h1>${escapeHtml(about.title)}</h1>`, summary, breaches, ...sections].join('\n'),
  });
}

export function describeWriter(of: WriterSummary): string[] {
  return [
    of.writer,
    percent(of.ownShare),
    percent(of.refusedShare),
    of.diversity.toFixed(3),
    of.meanScore === null ? '' : of.meanScore.toFixed(4),
    of.seconds.toFixed(2),
    String(of.tokens),
    of.cost === null ? '' : `${of.cost} ${of.currency ?? ''}`.trim(),
  ];
}

function renderProduct(
  { title, description }: Pick<Product, 'title' | 'description'>,
  written: readonly { writer: string; copy: ComparedCopy | undefined }[],
): string {
  const fields = [...new Set(written.flatMap(({ copy }) => copy?.texts.map(({ field }) => field) ?? []))];
  const rows = fields.map((field) => [
    field,
    ...written.map(({ copy }) => {
      const text = copy?.texts.find((each) => each.field === field);
      return text === undefined
        ? ''
        : `${text.text}${text.score === null ? '' : ` (${text.score.toFixed(3)})`}`;
    }),
  ]);
  const refused = written.flatMap(({ writer, copy }) => [
    ...(copy?.refused ?? []).map(({ field, text, reason }) => `${writer}, ${field}: "${text}": ${reason}`),
    ...(copy === undefined || copy.fallback === null ? [] : [`${writer}: ${copy.fallback}`]),
  ]);
  return [
    `<h2>${escapeHtml(title)}</h2>`,
    `<p>${escapeHtml(description)}</p>`,
    renderTable(['Field', ...written.map(({ writer }) => writer)], rows),
    refused.length === 0 ? '' : `<h3>Refused</h3>\n${renderList(refused)}`,
  ].join('\n');
}
