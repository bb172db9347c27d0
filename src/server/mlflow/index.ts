export { createMlflowApp } from './create-mlflow-app.ts';
