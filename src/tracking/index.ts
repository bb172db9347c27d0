export { createArtifactStore } from './artifacts/create-artifact-store.ts';
