export { hashBaseModel, hashWeights } from './hashes.ts';
export {
  datasetRefSchema,
  describeInputs,
  describeRuntime,
  provenanceSchema,
  type Provenance,
} from './provenance.ts';
