/**
 * Logs (pino), one logger per process, handed down: JSON, or lines for people; secrets are redacted by key.
 */
import { isatty } from 'node:tty';
import { pino, type Logger as PinoLogger } from 'pino';
import type { Config } from './config/index.ts';
import { createDestination, type LogDestination, type LogHealth } from './log-destination.ts';
import { renderPretty } from './pretty-log.ts';

export type Logger = PinoLogger;

export interface LogOptions {
  level: Config['logging']['level'];
  /** `auto` by default: lines for people where the destination is a terminal, JSON elsewhere. */
  format?: Config['logging']['format'];
  /** Where the lines go; standard error by default, so that standard output stays for results. */
  destination?: string | number | LogDestination;
  /** Fields that every line carries: the role of the process. */
  base?: Record<string, string | number>;
  /** Told when lines cannot be written. */
  health?: LogHealth;
}

/** Fields whose values no line shows. */
export const REDACTED_KEYS: readonly string[] = [
  'apiKey',
  'authorization',
  'password',
  'token',
  '*.apiKey',
  '*.authorization',
  '*.password',
  '*.token',
  'headers.authorization',
];

export function createLogHealth(): LogHealth {
  return { isFailing: false, droppedLines: 0 };
}

/** A logger never throws: what cannot be written is `health`'s to tell. */
export function createLogger(options: LogOptions): Logger {
  const { destination = 2, format = 'auto', health = createLogHealth() } = options;
  const out = typeof destination === 'object' ? destination : createDestination(destination, health);
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal(destination));
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, ...options.base },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      redact: [...REDACTED_KEYS],
    },
    isPretty ? { write: (line) => out.write(renderPretty(line)) } : out,
  );
}

/**
 * An error as plain values. What libraries hang on theirs stays out: pg the whole client with the key that
 * cancels its statements, HTTP clients requests with their headers.
 */
function describeError(thrown: unknown): unknown {
  return thrown instanceof Error ? keepPlain(pino.stdSerializers.err(thrown), 4) : thrown;
}

function keepPlain(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (value instanceof Date) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) return value.map((each) => keepPlain(each, depth - 1));
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
  // What pino makes of an error has a prototype of its own.
  if (!isPlain && !('raw' in value && 'stack' in value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, keepPlain(each, depth - 1)]));
}

function isTerminal(destination: LogOptions['destination']): boolean {
  return typeof destination === 'number' && isatty(destination);
}

/** A logger that says nothing, for tests and for commands whose output is the result alone. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
