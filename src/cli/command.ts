/**
 * What a command is, and how its arguments are read: parse -> run -> render. `node:util`'s parser does the
 * reading; an option it does not know is refused, never guessed.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { AppError, toError } from '../core/errors.ts';

export interface OptionSpec {
  type: 'string' | 'boolean';
  /** One line for --help. */
  about: string;
  /** How the value is called in --help: `N`, `FILE`. */
  value?: string;
  multiple?: boolean;
  short?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<S extends OptionSpec> = S extends { type: 'boolean' }
  ? boolean | undefined
  : S extends { multiple: true }
    ? string[] | undefined
    : string | undefined;

export type OptionValues<S extends OptionSpecs> = { [K in keyof S]?: OptionValue<S[K]> };

export interface CommandContext<S extends OptionSpecs> {
  options: OptionValues<S>;
  positionals: string[];
  terminal: Terminal;
  /** Aborted by the first SIGINT or SIGTERM; the command then drains and returns. */
  signal: AbortSignal;
}

/** Where results go (standard output) and where remarks go (standard error). */
export interface Terminal {
  print(text: string): void;
  note(text: string): void;
  isInteractive: boolean;
  columns: number;
}

export interface Command<S extends OptionSpecs = OptionSpecs> {
  name: string;
  /** What --help says below the line of commands/index.ts. */
  more?: string;
  /** After the name: `[--wait] ...`, `<version>`. */
  usage: string;
  positionals: readonly { name: string; required: boolean; about: string }[];
  options: S;
  /** More lines for --help: examples. */
  examples?: readonly string[];
  run(context: CommandContext<S>): Promise<void>;
}

/** Keeps the option types of a command. */
export function defineCommand<const S extends OptionSpecs>(command: Command<S>): Command<S> {
  return command;
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  config: { type: 'string', value: 'FILE', about: 'a YAML file of settings (default: $COPYLOOP_CONFIG)' },
  var: { type: 'string', value: 'DIR', about: 'folder for everything local (default: var)' },
  help: { type: 'boolean', short: 'h', about: 'this page' },
} as const satisfies OptionSpecs;

/** @throws AppError `invalid-input` naming the argument that cannot be read */
export function parseArguments<S extends OptionSpecs>(
  command: Command<S>,
  argv: readonly string[],
): { options: OptionValues<S>; positionals: string[]; help: boolean } {
  const config: ParseArgsConfig = {
    args: [...argv],
    options: toParserOptions(command.options),
    allowPositionals: true,
    strict: true,
  };
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs(config);
  } catch (error) {
    const reason = toError(error).message.split('. To specify')[0] ?? '';
    throw new AppError('invalid-input', `${reason}: see "copyloop ${command.name} --help"`);
  }
  const help = parsed.values['help'] === true;
  const required = command.positionals.filter((positional) => positional.required).length;
  const missing = command.positionals[parsed.positionals.length];
  if (!help && parsed.positionals.length < required && missing !== undefined) {
    throw new AppError('invalid-input', `copyloop ${command.name} needs <${missing.name}>: ${missing.about}`);
  }
  const surplus = parsed.positionals[command.positionals.length];
  if (surplus !== undefined)
    throw new AppError('invalid-input', `copyloop ${command.name} does not take the argument "${surplus}"`);
  return { options: parsed.values as OptionValues<S>, positionals: parsed.positionals, help };
}

function toParserOptions(specs: OptionSpecs): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type, multiple, short }]) => [
      name,
      { type, ...(multiple === undefined ? {} : { multiple }), ...(short === undefined ? {} : { short }) },
    ]),
  );
}

/** A whole number within bounds from an option's text. */
export function parseWhole(
  name: string,
  text: string | undefined,
  bounds: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw new AppError(
      'invalid-input',
      `--${name} is "${text}": a whole number from ${bounds.min} to ${bounds.max} is needed`,
    );
  }
  return value;
}

/** A number from an option's text. */
export function parseNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new AppError('invalid-input', `--${name} is "${text}": a number is needed`);
  return value;
}

export function renderHelp(command: Command, about: string): string {
  const lines = [`copyloop ${command.name} ${command.usage}`.trimEnd(), '', about];
  if (command.more !== undefined) lines.push(command.more);
  lines.push('');
  if (command.positionals.length > 0) {
    lines.push(
      'Arguments',
      ...renderRows(command.positionals.map(({ name, about }) => [`<${name}>`, about])),
      '',
    );
  }
  const rows = Object.entries(command.options).map(([name, spec]): [string, string] => [
    `${spec.short === undefined ? '' : `-${spec.short}, `}--${name}${spec.type === 'string' ? ` ${spec.value ?? 'TEXT'}` : ''}${spec.multiple === true ? ' ...' : ''}`,
    spec.about,
  ]);
  lines.push('Options', ...renderRows(rows));
  if (command.examples !== undefined)
    lines.push('', 'Examples', ...command.examples.map((example) => `  ${example}`));
  return lines.join('\n');
}

export function renderRows(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
