/** Who wrote the texts of an answer, and what carries what they say. */
import { listEvidence, type Copy, type WriterNote } from '../../copy/index.ts';
import { renderAs } from '../http/index.ts';
import { authorSchema, type PredictionExtras, type PredictRequest } from './request.ts';

export function renderAuthor(note: WriterNote): NonNullable<PredictionExtras['authors']>[number] {
  return renderAs(authorSchema, note);
}

/** How many of a field's texts are returned: the first of its alternatives. */
function countReturned(copy: Copy, field: string): number {
  const [channel = '', name = ''] = field.split('.');
  const value = copy.channels[channel]?.[name];
  return Array.isArray(value) ? value.length : 1;
}

/** Which returned texts a language model wrote, for platforms that want it told. */
export function markGenerated(copy: Copy): Pick<PredictionExtras, 'ai_generated'> {
  const fields = Object.entries(copy.alternatives)
    .filter(([field, texts]) =>
      texts.slice(0, countReturned(copy, field)).some(({ writer }) => writer !== undefined),
    )
    .map(([field]) => field);
  return fields.length === 0
    ? {}
    : { ai_generated: { digital_source_type: 'trainedAlgorithmicMedia', fields } };
}

export function listClaims(request: PredictRequest, copy: Copy): NonNullable<PredictionExtras['claims']> {
  const { title, description, audience, keywords = [], price, currency = '', attributes = {} } = request;
  const sources = {
    title,
    description,
    ...(audience !== undefined && { audience }),
    ...(keywords.length > 0 && { keywords: keywords.join(', ') }),
    ...(typeof price === 'number' && { price: `${price} ${currency}`.trim() }),
    ...(Object.keys(attributes).length > 0 && { attributes: Object.values(attributes).join('; ') }),
  };
  return Object.fromEntries(
    Object.entries(copy.alternatives).map(([field, texts]) => [
      field,
      texts
        .slice(0, countReturned(copy, field))
        .map(({ text }) => ({ text, claims: listEvidence(text, sources) })),
    ]),
  );
}
