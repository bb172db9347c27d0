/** The history of a metric, of one run or of many. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { metric } from '../../mlflow/messages.ts';
import type { Metric, TrackingStore } from '../../tracking/index.ts';
import { route } from './route.ts';
import { list, optionalInt, optionalText, requiredText, unlessEmpty } from './wire.ts';

const MAX_RUNS = 100;
const MAX_POINTS = 25_000;
const MAX_POINTS_PER_RUN = 2500;

export const metricRoutes = [
  route(
    'GET metrics/get-history',
    z.object({
      run_id: requiredText,
      metric_key: requiredText,
      max_results: optionalInt,
      page_token: optionalText,
    }),
    async ({ run_id, metric_key, max_results, page_token }, { tracking }) => {
      if (max_results === undefined && page_token === undefined)
        return { metrics: unlessEmpty((await readHistory(tracking, run_id, metric_key)).map(metric.render)) };
      const page = await tracking.runs.metricHistory(run_id, metric_key, {
        maxResults: max_results,
        pageToken: page_token,
      });
      return { metrics: unlessEmpty(page.items.map(metric.render)), next_page_token: page.nextPageToken };
    },
  ),
  route(
    'GET metrics/get-history-bulk',
    z.object({ run_id: list(requiredText), metric_key: optionalText, max_results: optionalInt }),
    async ({ run_id, metric_key, max_results = MAX_POINTS }, { tracking }) => {
      checkRuns('GetMetricHistoryBulk', run_id);
      if (metric_key === undefined)
        throw new AppError('invalid-input', 'GetMetricHistoryBulk request must specify a metric_key.');
      const metrics = [];
      for (const id of run_id.toSorted()) {
        const history = await readHistory(tracking, id, metric_key);
        metrics.push(...history.map((point) => ({ ...metric.render(point), run_id: id })));
      }
      // The page that asks for this always reads the field.
      return { metrics: metrics.slice(0, Math.min(max_results, MAX_POINTS)) };
    },
  ),
  route(
    'GET metrics/get-history-bulk-interval',
    z.object({
      run_ids: list(requiredText),
      metric_key: requiredText,
      start_step: optionalInt,
      end_step: optionalInt,
      max_results: optionalInt,
    }),
    async (input, { tracking }) => {
      const { run_ids, metric_key, start_step, end_step, max_results = MAX_POINTS_PER_RUN } = input;
      if (run_ids.length === 0)
        throw new AppError('invalid-input', "Missing value for required parameter 'run_ids'.");
      checkRuns('GetMetricHistoryBulkInterval', run_ids);
      if (max_results < 1 || max_results > MAX_POINTS_PER_RUN)
        throw new AppError('invalid-input', `max_results must be between 1 and ${MAX_POINTS_PER_RUN}.`);
      if ((start_step === undefined) !== (end_step === undefined))
        throw new AppError(
          'invalid-input',
          'If either start step or end step are specified, both must be specified.',
        );
      const [from, to] = [start_step ?? Number.NEGATIVE_INFINITY, end_step ?? Number.POSITIVE_INFINITY];
      if (from > to)
        throw new AppError(
          'invalid-input',
          `end_step must be greater than start_step. Found start_step=${from} and end_step=${to}.`,
        );
      const histories = new Map<string, Metric[]>();
      for (const id of new Set(run_ids))
        histories.set(
          id,
          (await readHistory(tracking, id, metric_key)).filter(({ step }) => step >= from && step <= to),
        );
      const kept = sampleSteps([...histories.values()], max_results);
      const metrics = [...histories].flatMap(([id, history]) =>
        history
          .filter(({ step }) => kept.has(step))
          .toSorted((a, b) => a.step - b.step || a.timestampMs - b.timestampMs)
          .slice(0, MAX_POINTS_PER_RUN)
          .map((point) => ({ ...metric.render(point), run_id: id })),
      );
      return { metrics: unlessEmpty(metrics) };
    },
  ),
];

async function readHistory(tracking: TrackingStore, runId: string, key: string): Promise<Metric[]> {
  const metrics: Metric[] = [];
  let pageToken: string | undefined;
  do {
    const page = await tracking.runs.metricHistory(runId, key, { pageToken });
    metrics.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return metrics;
}

/**
 * About `count` steps at equal distances over all runs, with the first and the last of every run, so that
 * curves meet their ends.
 */
function sampleSteps(histories: readonly Metric[][], count: number): Set<number> {
  const all = [...new Set(histories.flatMap((history) => history.map(({ step }) => step)))].toSorted(
    (a, b) => a - b,
  );
  const kept = new Set<number>();
  const stride = Math.max(1, Math.ceil(all.length / count));
  for (let at = 0; at < all.length; at += stride) kept.add(all[at] ?? 0);
  for (const history of histories) {
    const steps = history.map(({ step }) => step);
    if (steps.length > 0) {
      kept.add(steps.reduce((a, b) => Math.min(a, b)));
      kept.add(steps.reduce((a, b) => Math.max(a, b)));
    }
  }
  return kept;
}

function checkRuns(request: string, runIds: readonly string[]): void {
  if (runIds.length === 0)
    throw new AppError('invalid-input', `${request} request must specify at least one run_id.`);
  if (runIds.length > MAX_RUNS)
    throw new AppError(
      'invalid-input',
      `${request} request ${request.endsWith('Interval') ? 'must specify at most' : 'cannot specify more than'} ${MAX_RUNS} run_ids. Received ${runIds.length} run_ids.`,
    );
}
