/** A text whose claims are underlined, and below it the words of the product on which they rest. */
import type { ComponentChild } from 'preact';
import type { Answer } from '../../../client/index.ts';

export type Report = Answer<'POST /texts/check'>['texts'][number];
export interface Product {
  title: string;
  description: string;
}

interface Props {
  text: string;
  report: Report | undefined;
  product: Product;
}

export function ClaimedText({ text, report, product }: Props) {
  const parts: ComponentChild[] = [];
  const rests: string[] = [];
  let at = 0;
  for (const { start, end, source } of report?.claims ?? []) {
    // Claims may lie within each other: the outer one is marked.
    if (start < at) continue;
    const claim = text.slice(start, end);
    const words = source === null ? undefined : product[source.in].slice(source.start, source.end);
    const told =
      words === undefined ? 'the product does not say this' : `“${words}” in the ${source?.in ?? ''}`;
    if (words !== undefined) rests.push(told);
    parts.push(
      text.slice(at, start),
      <mark key={start} class={words === undefined ? 'lowers' : 'raises'} title={told}>
        {claim}
      </mark>,
    );
    at = end;
  }
  parts.push(text.slice(at));
  return (
    <>
      <p class="text foreign" dir="auto">
        {parts}
      </p>
      {rests.length === 0 ? null : (
        <p class="soft foreign">From the record: {[...new Set(rests)].join(', ')}</p>
      )}
    </>
  );
}
