/** A model as files: written whole, verified, quantised, opened, evaluated. */
export { openClassifier, type Classifier } from './classifier.ts';
export { evaluateModel } from './evaluate.ts';
export { parseManifest, PRECISIONS, readManifest, type Manifest, type Precision } from './manifest.ts';
export { quantizeGraph } from './quantize.ts';
export { verifyModelDirectory, verifyModelFiles } from './verify.ts';
export { halveWeights, LABELS, refuseExisting, removePartials, writeModelDirectory } from './write.ts';
