/** JSON logs (pino), one logger per process, handed down; secrets are redacted by key. */
import { pino, type Logger as PinoLogger } from 'pino';
import type { Config } from './config/index.ts';

export type Logger = PinoLogger;

export interface LogOptions {
  level: Config['logging']['level'];
  /** Where the lines go; standard error by default, so that standard output stays for results. */
  destination?: string | number;
  /** Fields that every line carries: the role of the process. */
  base?: Record<string, string | number>;
}

export function createLogger(options: LogOptions): Logger {
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
    pino.destination({ dest: options.destination ?? 2, mkdir: true, sync: true }),
  );
}

/** A logger that says nothing, for tests and for commands whose output is the result alone. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
