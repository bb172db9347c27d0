export { createArtifactStore } from './artifacts/create-artifact-store.ts';
export {
  decideGate,
  GATE_DECISIONS,
  type GateComparison,
  type GateDecision,
  type GateInput,
  type GateModel,
  type GateReport,
  type GateSegment,
} from './gate/decide.ts';
export { renderGateReportHtml } from './gate/render.ts';
