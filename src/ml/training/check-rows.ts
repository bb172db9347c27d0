import { AppError } from '../../core/errors.ts';
import type { FullTraining } from './contract.ts';

/** @throws `unsupported` unless there are two classes, `bad-data` for rows that no loss can be computed of */
export function checkRows({ config, train, validation }: FullTraining): void {
  if (config.labels.length !== 2) {
    throw new AppError('unsupported', `training wants two classes; the model has ${config.labels.length}`);
  }
  for (const [name, rows] of Object.entries({ training: train, validation })) {
    if (rows === null) continue;
    const isUneven = rows.inputIds.length !== rows.labels.length;
    if (rows.labels.length === 0 || isUneven || rows.labels.some((label) => label !== 0 && label !== 1)) {
      throw new AppError(
        'bad-data',
        `the ${name} rows must be some, each with a label 0 or 1: there are ${rows.inputIds.length} rows and ${rows.labels.length} labels`,
      );
    }
  }
}
