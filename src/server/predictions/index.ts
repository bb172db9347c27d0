export { findPrediction } from './find-prediction.ts';
export { listPredictions } from './list-predictions.ts';
export { openPredictionStore, type PredictionStore, type StoredPrediction } from './prediction-store.ts';
export {
  createPredictor,
  type PhaseTimes,
  type PredictContext,
  type Prediction,
  type Predictor,
} from './predictor.ts';
export { authorSchema, createRequestSchemas, creativeSchema, predictionExtrasSchema } from './request.ts';
