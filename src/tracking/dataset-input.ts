/** A dataset as the input of a tracking run, in the shapes that MLflow's page and client read. */
import type { DatasetInput } from './entities.ts';
import { DATASET_DIGEST_TAG } from './tags.ts';

const MAX_DIGEST_CHARS = 36;

/** Of MLflow's column types; everything else is text. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  price: 'double',
  rating: 'double',
  label: 'long',
  weight: 'double',
};

export function describeDataset(dataset: {
  name: string;
  /** MLflow's word for what it is used for. */
  context: string;
  version: { version: number; digest: string };
  file: { key: string; sha256: string; rows: number; positives: number };
  columns: readonly string[];
}): DatasetInput {
  const { name, context, version, file, columns } = dataset;
  return {
    dataset: {
      name,
      digest: file.sha256.slice(0, MAX_DIGEST_CHARS),
      // MLflow's client builds its source objects from known types only; `code` is the one for data that a
      // program made.
      sourceType: 'code',
      source: JSON.stringify({
        tags: {
          'mlflow.source.type': 'JOB',
          'mlflow.source.name': 'copyloop',
          'copyloop.dataset.version': String(version.version),
          [DATASET_DIGEST_TAG]: version.digest,
          'copyloop.dataset.key': file.key,
          'copyloop.dataset.sha256': file.sha256,
        },
      }),
      schema: JSON.stringify({
        mlflow_colspec: columns.map((column) => ({
          name: column,
          type: COLUMN_TYPES[column] ?? 'string',
          required: true,
        })),
      }),
      profile: JSON.stringify({
        num_rows: file.rows,
        num_elements: file.rows * columns.length,
        positives: file.positives,
      }),
    },
    tags: { 'mlflow.data.context': context },
  };
}
