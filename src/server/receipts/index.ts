export { readPredictionReceipt, readVersionReceipt, type ReceiptDeps } from './read-receipt.ts';
export { renderReceipt } from './render.ts';
export { receiptSchema, type Receipt } from './schema.ts';
