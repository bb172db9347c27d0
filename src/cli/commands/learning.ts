import { LEARNING_REWARDS } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import {
  DEFAULT_DRAWS,
  judgeRegisteredVersion,
  MAX_DRAWS,
  openVersionScorers,
  type VersionValue,
} from '../../serving/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const REWARDS = [...LEARNING_REWARDS, 'revenue'] as const;
const MAX_VERSION = 2 ** 31 - 1;

export const learningCommand = defineCommand({
  name: 'learning',
  more: 'Answers from texts that the policy explore has drawn and feedback has told about; the champion stands beside it.',
  usage: 'value --version N [--field NAME | --channel NAME] [--since TIME] [--reward NAME] [--json]',
  positionals: [{ name: 'action', required: true, about: 'value' }],
  options: {
    ...COMMON_OPTIONS,
    version: { type: 'string', value: 'N', about: 'the version that is judged' },
    field: { type: 'string', value: 'NAME', about: 'one field alone: ad_copy, or x.text' },
    channel: { type: 'string', value: 'NAME', about: 'all fields of one channel' },
    since: { type: 'string', value: 'TIME', about: 'predictions from then on: 2026-11-30, or with a time' },
    reward: {
      type: 'string',
      value: 'NAME',
      about: `${REWARDS.join(', ')} (default: learning.reward)`,
    },
    limit: { type: 'string', value: 'N', about: `newest draws that are scored (default: ${DEFAULT_DRAWS})` },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop learning value --version 7', 'copyloop learning value --version 7 --channel sms'],
  run: async ({ options, positionals: [action], terminal, signal }) => {
    if (action !== 'value')
      throw new AppError('invalid-input', `copyloop learning knows value, not ${JSON.stringify(action)}`);
    const version = parseWhole('version', options.version, { min: 1, max: MAX_VERSION });
    if (version === undefined)
      throw new AppError('invalid-input', 'copyloop learning value needs --version N');
    const { config } = readConfig(options);
    const reward = REWARDS.find((known) => known === (options.reward ?? config.learning.reward));
    if (reward === undefined)
      throw new AppError('invalid-input', `--reward is "${options.reward}": one of ${REWARDS.join(', ')}`);
    const filter = {
      modelName: config.model.name,
      reward,
      field: options.field,
      channel: options.channel,
      since: parseTime(options.since),
    };
    const limit = parseWhole('limit', options.limit, { min: 1, max: MAX_DRAWS });
    const judged = await withServices(config, { role: 'cli' }, async (services) => {
      const { database, artifacts, tracking, resources, log } = services;
      const { registry } = tracking;
      const scorers = resources.add('scorers', openVersionScorers({ registry, artifacts, config, log }));
      return await judgeRegisteredVersion({ db: database.db, registry, scorers }, filter, {
        version,
        limit,
        signal,
      });
    });
    terminal.print(
      options.json === true ? renderJson({ version, reward, ...judged }) : renderValue(version, judged),
    );
  },
});

function parseTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new AppError(
    'invalid-input',
    `--since is "${text}": a day or a time as in 2026-11-30T12:00:00Z is needed`,
  );
}

function renderValue(
  version: number,
  { champion, because, value }: VersionValue & { champion: number },
): string {
  if (value === null) return because ?? '';
  const rows = [
    { name: `version ${version}`, of: value.version },
    { name: `champion (version ${champion})`, of: value.champion },
  ].map(({ name, of }) => [
    name,
    ...[of.ips, of.snips, of.dr].map(render),
    `${render(of.interval.low)} to ${render(of.interval.high)}`,
    Math.round(of.effectiveSize),
    of.choices,
  ]);
  const { difference, low, high } = value.gain;
  return `${renderTable(['', 'IPS', 'SNIPS', 'DR', 'AT ANY LOOK', 'WORTH', 'OF'], rows)}
drawn texts earned ${render(value.drawn)}${value.currency === null ? '' : ` ${value.currency}`}; the version would have earned ${render(difference)} more than the champion (${render(low)} to ${render(high)})`;
}

const render = (value: number): string => value.toPrecision(4);
