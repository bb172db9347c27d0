/** Writers: whoever proposes copy. */
export { createTemplateWriter, hashText, plainLines } from './templates/index.ts';
export { WRITER_NAMES, type WriteOptions, type WriteOrder, type Writer, type WriterName } from './writer.ts';
