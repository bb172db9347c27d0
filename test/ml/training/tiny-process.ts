/**
 * Trains the tiny task in a process of its own: `<checkpoint directory> <weights file> <step to be killed
 * at>`. Says every step. The kill comes from a timer, so it strikes between steps or while a checkpoint is
 * written, and from the process itself, because a signal from outside would arrive some steps late.
 */
import { writeWeights } from '../../../src/ml/models/index.ts';
import { trainFull } from '../../../src/ml/training/index.ts';
import { tinyTraining } from './tiny-task.ts';

const [checkpointDirectory, file, killAt] = process.argv.slice(2) as [string, string, string];
const { settings } = await tinyTraining();
const { weights } = await trainFull(
  await tinyTraining({
    checkpointDirectory,
    settings: { ...settings, epochs: 20, checkpointEverySteps: 7 },
    onStep: ({ step }) => {
      process.stdout.write(`${step}\n`);
      if (step === Number(killAt)) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5 * Math.random());
    },
  }),
);
await writeWeights(file, weights);
