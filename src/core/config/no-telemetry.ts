/**
 * ONNX Runtime tells its maker of each session: an identifier of the device and a file of events below the
 * home folder, and a look-up of the maker's host. Imported before that library it is told not to, in this
 * process and in those it starts. A thread's `process.env` is a copy that native code never sees, so whoever
 * starts such a thread imports this as well.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
