/** The texts of an answer with the ids by which feedback names them. */
import type { Copy } from '../../copy/index.ts';
import { renderTextId } from '../../data/index.ts';
import type { PredictionExtras } from './request.ts';

type TextIds = PredictionExtras['text_ids'];

/** The returned texts of a field are the first of its alternatives. */
export function nameTexts(
  predictionId: string,
  copy: Copy,
): { alternatives: PredictionExtras['alternatives']; textIds: TextIds } {
  const alternatives: PredictionExtras['alternatives'] = {};
  const textIds: TextIds = {};
  for (const [field, texts] of Object.entries(copy.alternatives)) {
    const idOf = (place: number): string => renderTextId({ predictionId, field, place });
    alternatives[field] = texts.map((text, place) => ({ ...text, text_id: idOf(place) }));
    const [channel = '', name = ''] = field.split('.');
    const returned = copy.channels[channel]?.[name];
    textIds[field] = Array.isArray(returned) ? returned.map((_, place) => idOf(place)) : idOf(0);
  }
  return { alternatives, textIds };
}

export function createLinks(link: string, textIds: TextIds): TextIds {
  const leadTo = (textId: string): string => {
    const url = new URL(link);
    url.searchParams.set('utm_content', textId);
    return url.href;
  };
  return Object.fromEntries(
    Object.entries(textIds).map(([field, ids]) => [
      field,
      Array.isArray(ids) ? ids.map(leadTo) : leadTo(ids),
    ]),
  );
}
