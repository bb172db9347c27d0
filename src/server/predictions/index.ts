export { openPredictionStore, type PredictionStore, type StoredPrediction } from './prediction-store.ts';
