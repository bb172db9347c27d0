/**
 * One product in, its copy out: every field with its alternatives, and what the champion made of the
 * description. Two writers are asked for the same product, and their copy stands side by side.
 */
import { useState } from 'preact/hooks';
import type { PredictAnswer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { toError, Trouble } from '../../parts/trouble.tsx';
import { Explanation } from './explanation.tsx';
import { Fields } from './fields.tsx';
import { Product, type ProductInput, type WriterName } from './product.tsx';

interface Written {
  answer: PredictAnswer;
  /** The text that the explanation's phrases are cut from. */
  product: ProductInput;
}

export default function Studio({ route }: PageProps) {
  const [written, setWritten] = useState<readonly Written[]>([]);
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);

  const write = async (product: ProductInput, beside: WriterName | undefined): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const wanted = beside === undefined ? [product] : [product, { ...product, writer: beside }];
      setWritten(
        await Promise.all(
          wanted.map(async (each) => ({
            answer: await client.predict({ ...each, explain: beside === undefined }),
            product: each,
          })),
        ),
      );
    } catch (cause) {
      setError(toError(cause));
    } finally {
      setBusy(false);
    }
  };

  const title = route.query.get('title') ?? '';
  const description = route.query.get('description') ?? '';
  return (
    <>
      <h1>Studio</h1>
      <Product
        initial={{ title, description }}
        busy={busy}
        write={(product, beside) => {
          void write(product, beside);
        }}
      />
      {error === undefined ? null : <Trouble error={error} />}
      <div class={written.length > 1 ? 'beside' : undefined}>
        {written.map((one) => (
          <Result key={one.answer.prediction_id} {...one} />
        ))}
      </div>
    </>
  );
}

function Result({ answer, product }: Written) {
  const { data, model } = answer;
  return (
    <section aria-label={`Copy by ${answer.writer}`}>
      <h2 class="foreign">Copy for {product.title}</h2>
      <p class="soft">
        Score <strong>{data.confidence_score.toFixed(2)}</strong> by version {model.version}, written by{' '}
        {answer.writer}
        {answer.fallback === null ? null : <>: {answer.fallback}</>}.{' '}
        <a href={linkTo('receipt', [answer.prediction_id])}>Receipt</a>
      </p>
      <Fields answer={answer} product={{ title: product.title, description: product.description }} />
      {answer.explanation === undefined ? null : (
        <Explanation text={`${product.title}\n${product.description}`} explanation={answer.explanation} />
      )}
    </section>
  );
}
