export { explainByOcclusion } from './explain.ts';
