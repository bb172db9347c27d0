/**
 * A page of runs as JSON text, written by hand: a thousand runs are tens of thousands of small values, which
 * as objects for `JSON.stringify` cost more than reading them from PostgreSQL. `run.render` is the same for
 * one run; a test holds both against each other.
 */
import { renderDouble } from '../../mlflow/double.ts';
import { runInfo, runInputs, runOutputs } from '../../mlflow/messages.ts';
import type { Metric, Run } from '../../tracking/index.ts';

export function renderRunsPage(runs: readonly Run[], nextPageToken: string | undefined): string {
  const prefixOf = rememberPrefixes();
  const fields = [
    ...(runs.length === 0 ? [] : [`"runs":[${runs.map((run) => renderRunText(run, prefixOf)).join(',')}]`]),
    ...(nextPageToken === undefined ? [] : [`"next_page_token":${JSON.stringify(nextPageToken)}`]),
  ];
  return `{${fields.join(',')}}`;
}

type PrefixOf = (key: string) => string;

/** Runs of a page share their keys. */
function rememberPrefixes(): PrefixOf {
  const known = new Map<string, string>();
  return (key) => {
    let prefix = known.get(key);
    if (prefix === undefined) known.set(key, (prefix = `{"key":${JSON.stringify(key)},"value":`));
    return prefix;
  };
}

function renderRunText(run: Run, prefixOf: PrefixOf): string {
  const data = [
    field('metrics', run.metrics.map((metric) => renderMetricText(metric, prefixOf)).join(',')),
    field('params', renderPairs(run.params, prefixOf)),
    field('tags', renderPairs(run.tags, prefixOf)),
  ].filter((text) => text !== '');
  const outputs = runOutputs.render(run);
  const rest = outputs === undefined ? '' : `,"outputs":${JSON.stringify(outputs)}`;
  return `{"info":${JSON.stringify(runInfo.render(run))},"data":{${data.join(',')}},"inputs":${JSON.stringify(runInputs.render(run))}${rest}}`;
}

function field(name: string, items: string): string {
  return items === '' ? '' : `"${name}":[${items}]`;
}

function renderPairs(values: Readonly<Record<string, string>>, prefixOf: PrefixOf): string {
  let text = '';
  for (const key of Object.keys(values))
    text += `${text === '' ? '' : ','}${prefixOf(key)}${JSON.stringify(values[key])}}`;
  return text;
}

function renderMetricText({ key, value, timestampMs, step }: Metric, prefixOf: PrefixOf): string {
  return `${prefixOf(key)}${JSON.stringify(renderDouble(value))},"timestamp":${timestampMs},"step":${step}}`;
}
