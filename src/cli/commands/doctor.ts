import { runChecks, type Check } from '../doctor/checks.ts';
import { loadConfig } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson } from '../render.ts';

const MARKS: Readonly<Record<Check['status'], string>> = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL' };

export const doctorCommand = defineCommand({
  name: 'doctor',
  more: 'Node, port, disk, PostgreSQL, Redis, artifacts and the model files.',
  usage: '[--json]',
  positionals: [],
  options: { ...COMMON_OPTIONS, json: { type: 'boolean', about: 'as JSON' } },
  run: async ({ options, terminal }) => {
    const { config } = loadConfig({ file: options.config, overrides: { 'storage.varDir': options.var } });
    const checks = await runChecks(config);
    if (options.json === true) terminal.print(renderJson(checks));
    else {
      for (const check of checks) {
        terminal.print(`${MARKS[check.status]}  ${check.name}: ${check.found}`);
        if (check.remedy !== undefined) terminal.print(`      -> ${check.remedy}`);
      }
    }
    const failed = checks.filter((check) => check.status === 'failed');
    if (failed.length > 0) {
      throw new AppError(
        'unavailable',
        `${failed.length} of ${checks.length} checks failed: ${failed.map((c) => c.name).join(', ')}`,
      );
    }
  },
});
