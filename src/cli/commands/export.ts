import { AppError } from '../../core/errors.ts';
import { CHAMPION } from '../../tracking/index.ts';
import { exportVersion } from '../../workers/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const DTYPES = ['float32', 'float16'] as const;

export const exportCommand = defineCommand({
  name: 'export',
  more: 'With ONNX graphs, after every byte was checked: Python transformers, transformers.js and ONNX Runtime load it as it is.',
  usage: '[version | alias] --out DIR [--dtype float32|float16] [--model NAME] [--json]',
  positionals: [
    { name: 'version', required: false, about: `number or alias of the version (default: ${CHAMPION})` },
  ],
  options: {
    ...COMMON_OPTIONS,
    out: { type: 'string', value: 'DIR', about: 'where to; must not exist yet' },
    dtype: {
      type: 'string',
      value: 'NAME',
      about: 'of model.safetensors: float32 (default) or float16, half the bytes',
    },
    model: { type: 'string', value: 'NAME', about: 'registered model (default: model.name)' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop export --out champion', 'copyloop export 3 --out model-3 --dtype float16'],
  run: async ({ options, positionals, terminal, signal }) => {
    const { out: directory } = options;
    if (directory === undefined) throw new AppError('invalid-input', 'copyloop export needs --out DIR');
    const dtype = DTYPES.find((known) => known === (options.dtype ?? 'float32'));
    if (dtype === undefined)
      throw new AppError(
        'invalid-input',
        `--dtype is "${String(options.dtype)}": ${DTYPES.join(' or ')} is needed`,
      );
    const [which = CHAMPION] = positionals;
    const version = /^\d+$/.test(which) ? Number(which) : which;
    const { config } = readConfig(options);
    await withServices(config, { role: 'cli' }, async ({ artifacts, tracking }) => {
      const exported = await exportVersion(
        { name: options.model ?? config.model.name, version, directory, dtype },
        { artifacts, registry: tracking.registry, signal },
      );
      terminal.print(
        options.json === true
          ? renderJson({ name: exported.name, version: exported.version, directory, dtype })
          : `version ${exported.version} of ${exported.name} is in ${directory}`,
      );
    });
  },
});
