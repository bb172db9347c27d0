/**
 * One product in, its copy out: every field with its alternatives, and what the champion made of the
 * description. Two writers, or two model versions, are asked for the same product, and their copy stands side
 * by side; what one of them cannot do takes nothing from the other.
 */
import { useState } from 'preact/hooks';
import type { PredictAnswer } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { toError, Trouble } from '../../parts/trouble.tsx';
import { Explanation } from './explanation.tsx';
import { Fields } from './fields.tsx';
import { Product, type ProductInput } from './product.tsx';

/** What became of one order; the product is what the explanation's phrases are cut from. */
type Written = { product: ProductInput } & ({ answer: PredictAnswer } | { error: Error });

async function writeOne(product: ProductInput, isAlone: boolean): Promise<Written> {
  try {
    return { product, answer: await client.predict({ ...product, explain: isAlone }) };
  } catch (cause) {
    return { product, error: toError(cause) };
  }
}

export default function Studio({ route }: PageProps) {
  const [written, setWritten] = useState<readonly Written[]>([]);
  const [busy, setBusy] = useState(false);

  const write = async (products: readonly ProductInput[]): Promise<void> => {
    setBusy(true);
    setWritten(await Promise.all(products.map((product) => writeOne(product, products.length === 1))));
    setBusy(false);
  };

  const title = route.query.get('title') ?? '';
  const description = route.query.get('description') ?? '';
  return (
    <>
      <h1>Studio</h1>
      <div class="split">
        <div class="stays">
          <Product initial={{ title, description }} busy={busy} write={(products) => void write(products)} />
        </div>
        <div class={written.length > 1 ? 'beside' : undefined}>
          {written.map((one, index) =>
            'answer' in one ? (
              <Result key={one.answer.prediction_id} answer={one.answer} product={one.product} />
            ) : (
              <section key={index} aria-label={`No copy by ${nameOf(one.product)}`}>
                <h2>No copy by {nameOf(one.product)}</h2>
                <Trouble error={one.error} />
              </section>
            ),
          )}
        </div>
      </div>
    </>
  );
}

const nameOf = ({ writer, version }: ProductInput): string =>
  [writer ?? (version === undefined ? 'the writer' : ''), version === undefined ? '' : `version ${version}`]
    .filter((part) => part !== '')
    .join(', ');

function Result({ answer, product }: { answer: PredictAnswer; product: ProductInput }) {
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
