import type { Config, WriterName } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { BrandBook } from '../brand/index.ts';
import { loadChannels } from '../channels/index.ts';
import {
  createOpenAiWriter,
  createTemplateWriter,
  createTransformersWriter,
  type SpendingLedger,
  type Writer,
} from '../writers/index.ts';
import { createCopywriter, type Copywriter } from './copywriter.ts';

export interface FromConfigOptions {
  log?: Pick<Logger, 'warn'>;
  /** Where hub files of a text model are kept: the cache folder under `var/`. */
  cacheDir?: string;
  /** Where a paid writer's tokens per day are counted. */
  ledger?: SpendingLedger;
  /** Where brands are looked up by name. */
  brands?: Pick<BrandBook, 'resolve'>;
}

/** What writing needs of the section `copy`; how texts are chosen is the caller's. */
type WritingConfig = Omit<Config['copy'], 'policy' | 'holdback' | 'explorationFloor'>;

/**
 * The copywriter that the section `copy` of the configuration describes. Close it: a text model may hold a
 * process.
 *
 * @throws AppError `invalid-config` when the chosen writer lacks a setting or the channels are not valid.
 */
export function openCopywriter(config: WritingConfig, options: FromConfigOptions = {}): Copywriter {
  return createCopywriter({
    channels: loadChannels(config.channels),
    writer: WRITERS[config.writer](config, options),
    defaultCount: config.candidates,
    brands: options.brands,
    defaultBrand: config.brand ?? undefined,
    defaultLanguage: config.language,
    log: options.log,
  });
}

/** How the settings of each writer open it. */
const WRITERS: Record<WriterName, (settings: WritingConfig, options: FromConfigOptions) => Writer> = {
  templates: () => createTemplateWriter(),
  transformers: ({ transformers: { model, maxNewTokens } }, { cacheDir }) =>
    createTransformersWriter({
      model: required(model, 'copy.transformers.model'),
      maxNewTokens,
      cacheDir,
    }),
  openai: ({ openai }, { ledger }) =>
    createOpenAiWriter({
      baseUrl: required(openai.baseUrl, 'copy.openai.baseUrl'),
      apiKey: openai.apiKey ?? undefined,
      model: required(openai.model, 'copy.openai.model'),
      timeoutMs: openai.timeoutMs,
      retries: openai.retries,
      tokensPerDay: openai.maxTokensPerDay,
      ledger,
    }),
};

function required(value: string | null, key: string): string {
  if (value === null)
    throw new AppError('invalid-config', `${key} is not set; the chosen copy.writer needs it`, {
      details: { key },
    });
  return value;
}
