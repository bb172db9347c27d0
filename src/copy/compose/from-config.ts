import type { Config, WriterName } from '../../core/config/index.ts';
import type { Logger } from '../../core/log.ts';
import type { BrandBook } from '../brand/index.ts';
import { loadChannels } from '../channels/index.ts';
import { openWriter, type WriterServices, type Writer, type WritingConfig } from '../writers/index.ts';
import { createCopywriter, type Copywriter, type CopywriterOptions } from './copywriter.ts';
import type { ExampleSource } from './show-examples.ts';

export interface FromConfigOptions extends WriterServices {
  log?: Pick<Logger, 'warn'>;
  /** Where brands are looked up by name. */
  brands?: Pick<BrandBook, 'resolve'>;
  exampleSource?: ExampleSource;
  /** Called for each request that a language model took. */
  onNote?: CopywriterOptions['onNote'];
}

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
    opened.set(name, openWriter(name, config, options));
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
