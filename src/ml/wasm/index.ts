/** The memory of a training and the loops over it: WebAssembly, written by an assembler of our own. */
export {
  createTrainingMemory,
  LANES,
  padded,
  releaseMemory,
  type ParameterShape,
  type Slot,
  type TrainingMemory,
} from './memory.ts';
