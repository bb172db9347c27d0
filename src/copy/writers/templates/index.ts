export { createTemplateWriter, hashText, plainLines } from './write-templates.ts';
