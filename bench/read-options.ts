/** The command line of a bench. Its head comment is what `--help` shows, so that both say the same. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { AppError, toError } from '../src/core/errors.ts';

type OptionList = NonNullable<ParseArgsConfig['options']>;
type Values<Options extends OptionList> = ReturnType<typeof parseArgs<{ options: Options }>>['values'];

/**
 * Ends the process after `--help`, and with exit code 2 for an option that the bench does not have. From here
 * on an AppError, such as that something is missing here, ends it with 2 as well and says what to do, without
 * a stack.
 */
export function readOptions<const Options extends OptionList>(
  benchUrl: string,
  options: Options,
): Values<Options> {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } });
    if ('help' in values && values.help === true) {
      console.info(describe(benchUrl, options));
      process.exit(0);
    }
    process.once('uncaughtException', (thrown) => {
      const isExpected = thrown instanceof AppError;
      console.error(isExpected ? thrown.message : thrown);
      process.exit(isExpected ? 2 : 1);
    });
    return values;
  } catch (thrown) {
    console.error(`${toError(thrown).message}\n\n${describe(benchUrl, options)}`);
    process.exit(2);
  }
}

function describe(benchUrl: string, options: OptionList): string {
  const [, comment = ''] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(fileURLToPath(benchUrl), 'utf8')) ?? [];
  const text = comment.replaceAll(/^ *\* ?/gm, '').trim();
  const list = Object.entries(options).map(([name, option]) =>
    option.type === 'boolean'
      ? `  --${name}`
      : `  --${name} VALUE${option.default === undefined ? '' : `   default ${String(option.default)}`}`,
  );
  return [text, '', ...list, '  --help'].join('\n');
}
