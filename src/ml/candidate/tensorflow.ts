/**
 * TensorFlow.js with the fastest backend that this installation has: TensorFlow's own library through
 * tfjs-node where that optional package was installed and loads, WebAssembly otherwise.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as core from '@tensorflow/tfjs-core';
import { AppError } from '../../core/errors.ts';

export type TensorFlow = typeof core;

/** Not written into the import itself: the compiler would demand a package that many installations lack. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node';

/**
 * Ready for use: `backend` is `tensorflow` (native) or `wasm`. Loaded now, since most of what a training
 * process loads is this, and few recipes need it.
 */
export async function openTensorFlow(): Promise<{ tf: TensorFlow; backend: string }> {
  const tf: TensorFlow = await import('@tensorflow/tfjs-core');
  // For its side effect alone: it registers the gradients of the operators.
  await import('@tensorflow/tfjs-layers');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const backend = (await hasNativePackage()) ? 'tensorflow' : 'wasm';
  if (backend === 'wasm') {
    const binaries = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    setWasmPaths(`${binaries}${path.sep}`);
  }
  const started = await keepingErrorHandlers(() => tf.setBackend(backend));
  if (!started) {
    throw new AppError(
      'unavailable',
      `TensorFlow.js cannot start its backend "${backend}": reinstall with "npm ci"`,
    );
  }
  return { tf, backend };
}

/**
 * Emscripten's start-up code makes itself the process's handler of uncaught errors, which would print a page
 * of its own source for every one of ours. Whatever it added is taken away again.
 */
async function keepingErrorHandlers<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set(process.rawListeners(event)));
  try {
    return await start();
  } finally {
    events.forEach((event, index) => {
      for (const listener of process.rawListeners(event)) {
        if (!before[index]?.has(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}

async function hasNativePackage(): Promise<boolean> {
  try {
    await import(NATIVE_PACKAGE);
    return true;
  } catch {
    // It is optional: absent, built for another Node version, or without libtensorflow. WebAssembly does the
    // same work.
    return false;
  }
}
