export { createBackup, keepNewest, type Progress } from './create-backup.ts';
export { type Manifest } from './manifest.ts';
export { openBackupPlace, prepareBackupFolder } from './place.ts';
export { restoreBackup, verifyBackup } from './restore.ts';
export { openSeal } from './seal.ts';
