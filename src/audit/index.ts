export { type AuditEntry, type AuditRecord } from './chain.ts';
export { deleteOldAudit, listAudit, readAudit, verifyAudit, type AuditFilter } from './read.ts';
export { appendAudit, openAuditLog, type AuditLog } from './write.ts';
