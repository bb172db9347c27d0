/** From the options of `copyloop predict --file` to a prediction job: the same wishes that `POST /jobs/predict` takes. */
import type { PredictJobRequest } from '../queues/index.ts';
import { parseWhole, type OptionSpecs, type OptionValues } from './command.ts';
import { MAPPING_OPTIONS, parseMap } from './run-request.ts';

export const PREDICT_REQUEST_OPTIONS = {
  map: MAPPING_OPTIONS.map,
  tone: { type: 'string', value: 'NAME', about: 'tone of the copy' },
  audience: { type: 'string', value: 'TEXT', about: 'whom the copy speaks to: "busy parents"' },
  keyword: { type: 'string', multiple: true, value: 'WORD', about: 'to work into texts and hashtags' },
  'banned-word': { type: 'string', multiple: true, value: 'WORD', about: 'that no text may hold' },
  count: { type: 'string', value: 'N', about: 'texts per field to choose from (default: copy.candidates)' },
  seed: { type: 'string', value: 'N', about: 'seed of the copy (default: from each product)' },
} as const satisfies OptionSpecs;

/** @throws AppError `invalid-input` naming the option; the job checks the rest */
export function parsePredictRequest(
  options: OptionValues<typeof PREDICT_REQUEST_OPTIONS>,
  { channels, format }: Pick<PredictJobRequest, 'channels' | 'format'>,
): PredictJobRequest {
  return {
    channels,
    format,
    map: parseMap(options.map),
    tone: options.tone as PredictJobRequest['tone'],
    audience: options.audience,
    keywords: options.keyword,
    bannedWords: options['banned-word'],
    count: parseWhole('count', options.count, { min: 1, max: 64 }),
    seed: parseWhole('seed', options.seed, { min: 0, max: 2 ** 31 - 1 }),
  };
}
