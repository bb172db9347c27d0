/** The fields of an answer: each text with its length, its claims and what may be done with it. */
import { useEffect, useState } from 'preact/hooks';
import type { PredictAnswer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import type { Product, Report } from './claimed-text.tsx';
import { FieldText, type Offered } from './field-text.tsx';

interface Returned {
  field: string;
  text: Offered;
  others: readonly Offered[];
}

/** Every returned text with those that it was chosen from. */
function listReturned({ alternatives, text_ids }: PredictAnswer): Returned[] {
  return Object.entries(text_ids).flatMap(([field, ids]) => {
    const list = alternatives[field] ?? [];
    const returned = [ids].flat();
    const others = list.filter(({ text_id }) => !returned.includes(text_id));
    return list
      .filter(({ text_id }) => returned.includes(text_id))
      .map((text, index) => ({ field, text, others: index === 0 ? others : [] }));
  });
}

export function Fields({ answer, product }: { answer: PredictAnswer; product: Product }) {
  const returned = listReturned(answer);
  const [reports, setReports] = useState<readonly Report[]>([]);
  useEffect(() => {
    const leave = new AbortController();
    void checkAll(returned, product, leave.signal).then(setReports, () => undefined);
    return () => leave.abort();
    // The answer decides what is checked: another one is another component.
  }, []);
  return (
    <>
      {returned.map(({ field, text, others }, index) => (
        <FieldText
          key={text.text_id}
          field={field}
          offered={text}
          others={others}
          product={product}
          report={reports[index]}
        />
      ))}
      <section class="panel" aria-label="hashtags">
        <h3>hashtags</h3>
        <p class="foreign" dir="auto">
          {answer.data.hashtags.join(' ')} <CopyButton text={answer.data.hashtags.join(' ')} />
        </p>
      </section>
    </>
  );
}

/** As many as one request checks. */
const AT_ONCE = 64;

async function checkAll(
  returned: readonly Returned[],
  product: Product,
  signal: AbortSignal,
): Promise<Report[]> {
  const reports: Report[] = [];
  for (let at = 0; at < returned.length; at += AT_ONCE) {
    const texts = returned.slice(at, at + AT_ONCE).map(({ field, text }) => ({ field, text: text.text }));
    const body = { ...product, texts, score: false };
    reports.push(...(await client.call('POST /texts/check', { body, signal })).texts);
  }
  return reports;
}
