export {
  createBackup,
  keepNewest,
  type BackupReport,
  type BackupSource,
  type Progress,
} from './create-backup.ts';
export { listBackups, type Manifest } from './manifest.ts';
export { openBackupPlace } from './place.ts';
export { restoreBackup, verifyBackup, type BackupVerification } from './restore.ts';
export { openSeal, type Seal } from './seal.ts';
