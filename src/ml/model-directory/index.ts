export { halveWeights } from './halve-weights.ts';
export { quantizeGraph } from './quantize.ts';
export { verifyModelDirectory, verifyModelFiles } from './verify.ts';
export { LABELS, refuseExisting, removePartials, writeModelDirectory, type ModelToWrite } from './write.ts';
