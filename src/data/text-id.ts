/**
 * Names of texts: whoever tells what became of a text of an answer names it by prediction, field and place.
 */
import { AppError } from '../core/errors.ts';

export interface TextPlace {
  predictionId: string;
  /** `ad_copy`, or a channel's field: `x.text`. */
  field: string;
  /** Among the field's texts as the answer lists them, from 0. */
  place: number;
}

const TEXT_ID = /^([0-9a-f]{32})\.([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\.(0|[1-9]\d{0,3})$/;

/** Letters, digits, `_` and `.` alone, so that it may stand in an address as it is. */
export function renderTextId({ predictionId, field, place }: TextPlace): string {
  return `${predictionId}.${field}.${place}`;
}

export function readTextId(textId: string): TextPlace | undefined {
  const [, predictionId, field, place] = TEXT_ID.exec(textId) ?? [];
  if (predictionId === undefined || field === undefined) return undefined;
  return { predictionId, field, place: Number(place) };
}

/** @throws AppError `invalid-input` */
export function parseTextId(textId: string): TextPlace {
  const text = readTextId(textId);
  if (text !== undefined) return text;
  throw new AppError(
    'invalid-input',
    `text_id is ${JSON.stringify(textId.slice(0, 100))}: an answer's text_ids and alternatives hold them, <prediction id>.<field>.<place>`,
    { details: { field: 'text_id' } },
  );
}
