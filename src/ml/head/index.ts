export { trainHead } from './train-head.ts';
