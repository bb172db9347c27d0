/** Logs (pino), one logger per process, handed down: JSON, or lines for people; secrets are redacted by key. */
import { isatty } from 'node:tty';
import { pino, type Logger as PinoLogger } from 'pino';
import type { Config } from './config/index.ts';
import { renderPretty } from './pretty-log.ts';

export type Logger = PinoLogger;

export interface LogOptions {
  level: Config['logging']['level'];
  /** `auto` by default: lines for people where the destination is a terminal, JSON elsewhere. */
  format?: Config['logging']['format'];
  /** Where the lines go; standard error by default, so that standard output stays for results. */
  destination?: string | number;
  /** Fields that every line carries: the role of the process. */
  base?: Record<string, string | number>;
}

export function createLogger(options: LogOptions): Logger {
  const { destination = 2, format = 'auto' } = options;
  const out = pino.destination({ dest: destination, mkdir: true, sync: true });
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal(destination));
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, ...options.base },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: [
        'apiKey',
        'authorization',
        'password',
        'token',
        '*.apiKey',
        '*.authorization',
        '*.password',
        '*.token',
        'headers.authorization',
      ],
    },
    isPretty ? { write: (line) => void out.write(renderPretty(line)) } : out,
  );
}

function isTerminal(destination: string | number): boolean {
  return typeof destination === 'number' && isatty(destination);
}

/** A logger that says nothing, for tests and for commands whose output is the result alone. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
