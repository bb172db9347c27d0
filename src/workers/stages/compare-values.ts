/**
 * What challenger and champion would have earned on texts that were drawn by chance, as `gate.value` asks.
 */
import { openClassifier, type Classifier } from '../../ml/index.ts';
import { DEFAULT_DRAWS, judgeVersion, type Judged } from '../../serving/index.ts';
import type { GateValue } from '../../tracking/index.ts';
import type { RunContext } from '../loop/context.ts';

/** @param directories verified model directories @param champion the version that stands in the second one */
export async function compareValues(
  directories: { challenger: string; champion: string },
  champion: number,
  { services, run, signal }: RunContext,
): Promise<GateValue> {
  const { config, database } = services;
  const { reward } = config.learning;
  const opened: Classifier[] = [];
  const judgedBy = (directory: string, version: number | null): Judged => {
    let classifier: Promise<Classifier> | undefined;
    return {
      version,
      score: async (texts) => {
        classifier ??= openClassifier(directory, { threads: config.pipeline.trainThreads }).then((open) => {
          opened.push(open);
          return open;
        });
        return await (await classifier).score(texts, { signal });
      },
    };
  };
  try {
    const { because, value } = await judgeVersion(
      database.db,
      { modelName: run.options.model.name, reward },
      {
        version: judgedBy(directories.challenger, null),
        champion: judgedBy(directories.champion, champion),
        limit: DEFAULT_DRAWS,
        signal,
      },
    );
    if (value === null) return { reward, because, figures: null };
    const { version, champion: beside, gain } = value;
    const figures = { challenger: version.dr, champion: beside.dr, choices: version.choices, ...gain };
    return { reward, because, figures };
  } finally {
    for (const classifier of opened) await classifier.close();
  }
}
