/** How the settings of each writer open it. */
import type { Config, WriterName } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { createLlamaWriter } from './llama/index.ts';
import { openModuleWriter } from './module.ts';
import { createOpenAiWriter, type SpendingLedger } from './openai/index.ts';
import { loadPrompt } from './prompt-file.ts';
import { createTemplateWriter } from './templates/index.ts';
import { createTransformersWriter } from './transformers/index.ts';
import type { Writer } from './writer.ts';

export interface WriterServices {
  /** Where hub files of a text model are kept: the cache folder under `var/`. */
  cacheDir?: string;
  /** Where a paid writer's tokens per day are counted. */
  ledger?: SpendingLedger;
}

/** What writing needs of the section `copy`; how texts are chosen is the caller's. */
type Settings = Omit<Config['copy'], 'policy' | 'holdback' | 'explorationFloor' | 'openai'>;
/** Of what came later, whoever builds settings by hand needs nothing. */
export type WritingConfig = Pick<Settings, 'candidates' | 'channels' | 'transformers'> &
  Partial<Settings> & {
    openai: Partial<Config['copy']['openai']> &
      Pick<
        Config['copy']['openai'],
        'baseUrl' | 'apiKey' | 'model' | 'timeoutMs' | 'retries' | 'maxTokensPerDay'
      >;
  };

/** @throws AppError `invalid-config` when the writer lacks a setting */
export function openWriter(name: WriterName, settings: WritingConfig, services: WriterServices): Writer {
  return WRITERS[name](settings, services);
}

const WRITERS: Record<WriterName, (settings: WritingConfig, services: WriterServices) => Writer> = {
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
