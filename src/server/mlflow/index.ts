export { createMlflowApp, MLFLOW_LEVEL, type MlflowAppOptions } from './create-mlflow-app.ts';
export type { Caller } from '../guard-served.ts';
