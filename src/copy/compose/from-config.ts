import type { Config, WriterName } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { BrandBook } from '../brand/index.ts';
import { loadChannels } from '../channels/index.ts';
import {
  createLlamaWriter,
  createOpenAiWriter,
  createTemplateWriter,
  createTransformersWriter,
  loadPrompt,
  openModuleWriter,
  type SpendingLedger,
  type Writer,
} from '../writers/index.ts';
import { createCopywriter, type Copywriter, type CopywriterOptions } from './copywriter.ts';
import type { ExampleSource } from './show-examples.ts';

export interface FromConfigOptions {
  log?: Pick<Logger, 'warn'>;
  /** Where hub files of a text model are kept: the cache folder under `var/`. */
  cacheDir?: string;
  /** Where a paid writer's tokens per day are counted. */
  ledger?: SpendingLedger;
  /** Where brands are looked up by name. */
  brands?: Pick<BrandBook, 'resolve'>;
  exampleSource?: ExampleSource;
  /** Called for each request that a language model took. */
  onNote?: CopywriterOptions['onNote'];
}

/** What writing needs of the section `copy`; how texts are chosen is the caller's. */
type Settings = Omit<Config['copy'], 'policy' | 'holdback' | 'explorationFloor' | 'openai'>;
/** Of what came later, whoever builds settings by hand needs nothing. */
type WritingConfig = Pick<Settings, 'candidates' | 'channels' | 'transformers'> &
  Partial<Settings> & {
    openai: Partial<Config['copy']['openai']> &
      Pick<
        Config['copy']['openai'],
        'baseUrl' | 'apiKey' | 'model' | 'timeoutMs' | 'retries' | 'maxTokensPerDay'
      >;
  };

/**
 * The copywriter that the section `copy` of the configuration describes. Close it: a text model may hold a
 * process.
 *
 * @throws AppError `invalid-config` when the chosen writer lacks a setting or the channels are not valid.
 */
export function openCopywriter(config: WritingConfig, options: FromConfigOptions = {}): Copywriter {
  const { channelWriters = {} } = config;
  const wanted = listWriters(config);
  const opened = new Map<WriterName, Writer>();
  for (const name of new Set([...wanted, ...Object.values(channelWriters)]))
    opened.set(name, WRITERS[name](config, options));
  return createCopywriter({
    channels: loadChannels(config.channels),
    writers: wanted.flatMap((name) => opened.get(name) ?? []),
    otherWriters: [...opened.values()].filter(({ name }) => !wanted.includes(name)),
    channelWriters,
    together: config.together,
    defaultCount: config.candidates,
    brands: options.brands,
    onNote: options.onNote,
    exampleSource: options.exampleSource,
    exampleCount: config.examples,
    defaultBrand: config.brand ?? undefined,
    defaultLanguage: config.language,
    log: options.log,
  });
}

/** In order of preference; the earlier key names one alone. */
export function listWriters(config: Partial<Pick<Config['copy'], 'writer' | 'writers'>>): WriterName[] {
  const { writer, writers = ['templates'] } = config;
  return writer === null || writer === undefined ? writers : [writer];
}

/** How the settings of each writer open it. */
const WRITERS: Record<WriterName, (settings: WritingConfig, options: FromConfigOptions) => Writer> = {
  templates: () => createTemplateWriter(),
  transformers: ({ transformers: { model, maxNewTokens }, prompt }, { cacheDir }) =>
    createTransformersWriter({
      prompt: loadPrompt(prompt),
      model: required(model, 'copy.transformers.model'),
      maxNewTokens,
      cacheDir,
    }),
  openai: ({ openai, prompt }, { ledger }) =>
    createOpenAiWriter({
      prompt: loadPrompt(prompt),
      baseUrl: required(openai.baseUrl, 'copy.openai.baseUrl'),
      apiKey: openai.apiKey ?? undefined,
      model: required(openai.model, 'copy.openai.model'),
      timeoutMs: openai.timeoutMs,
      retries: openai.retries,
      tokensPerDay: openai.maxTokensPerDay,
      requestsPerMinute: openai.requestsPerMinute ?? undefined,
      tokensPerMinute: openai.tokensPerMinute ?? undefined,
      maxParallel: openai.maxParallel,
      repairs: openai.repairs,
      price: openai.price ?? undefined,
      ledger,
    }),
  llama: ({ llama, prompt }, { cacheDir }) =>
    createLlamaWriter({
      prompt: loadPrompt(prompt),
      model: required(llama?.model ?? null, 'copy.llama.model'),
      lora: llama?.lora ?? undefined,
      packageName: llama?.package,
      contextTokens: llama?.contextTokens,
      threads: llama?.threads,
      timeoutMs: llama?.timeoutMs,
      cacheDir,
    }),
  module: ({ module: own }) =>
    openModuleWriter(required(own?.path ?? null, 'copy.module.path'), own?.settings ?? {}),
};

function required(value: string | null, key: string): string {
  if (value === null)
    throw new AppError('invalid-config', `${key} is not set; the chosen copy.writer needs it`, {
      details: { key },
    });
  return value;
}
