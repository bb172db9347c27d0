/**
 * One product in, its copy out: every field with its alternatives, and what the champion made of the
 * description.
 */
import { useState } from 'preact/hooks';
import type { PredictAnswer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { Trouble } from '../../parts/trouble.tsx';
import { Explanation } from './explanation.tsx';
import { Fields } from './fields.tsx';
import { Product, type ProductInput } from './product.tsx';

interface Written {
  answer: PredictAnswer;
  /** The text that the explanation's phrases are cut from. */
  product: ProductInput;
}

export default function Studio({ route }: PageProps) {
  const [written, setWritten] = useState<Written>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);

  const write = async (product: ProductInput): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await client.predict({ ...product, explain: true });
      setWritten({ answer, product });
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
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
        write={(product) => {
          void write(product);
        }}
      />
      {error === undefined ? null : <Trouble error={error} />}
      {written === undefined ? null : <Result key={written.answer.prediction_id} {...written} />}
    </>
  );
}

function Result({ answer, product }: Written) {
  const { data, model } = answer;
  return (
    <section aria-label="Copy">
      <h2>Copy for {product.title}</h2>
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
