import type { Config } from '../../core/config/index.ts';
import { AppError, assertNever } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
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
}

/**
 * The copywriter that the section `copy` of the configuration describes. Close it: a text model may hold a process.
 *
 * @throws AppError `invalid-config` when the chosen writer lacks a setting or the channels are not valid.
 */
export function openCopywriter(config: Config['copy'], options: FromConfigOptions = {}): Copywriter {
  return createCopywriter({
    channels: loadChannels(config.channels),
    writer: createConfiguredWriter(config, options),
    defaultCount: config.candidates,
    log: options.log,
  });
}

function createConfiguredWriter(config: Config['copy'], { cacheDir, ledger }: FromConfigOptions): Writer {
  switch (config.writer) {
    case 'templates':
      return createTemplateWriter();
    case 'transformers': {
      const { model, maxNewTokens } = config.transformers;
      return createTransformersWriter({
        model: required(model, 'copy.transformers.model'),
        maxNewTokens,
        cacheDir,
      });
    }
    case 'openai': {
      const { baseUrl, apiKey, model, timeoutMs, retries, maxTokensPerDay } = config.openai;
      return createOpenAiWriter({
        baseUrl: required(baseUrl, 'copy.openai.baseUrl'),
        apiKey: apiKey ?? undefined,
        model: required(model, 'copy.openai.model'),
        timeoutMs,
        retries,
        tokensPerDay: maxTokensPerDay,
        ledger,
      });
    }
    default:
      return assertNever(config.writer);
  }
}

function required(value: string | null, key: string): string {
  if (value === null)
    throw new AppError('invalid-config', `${key} is not set; the chosen copy.writer needs it`, {
      details: { key },
    });
  return value;
}
