/**
 * One training step, ours against PyTorch's: same shapes, weights, batch, dropout and AdamW, the same number
 * of threads, in turns within one run, so that whatever else the machine does hits both.
 *
 * npm run bench:train [-- --steps 20 --shapes encoder-7x384/64,distilbert-base/32 --threads 2]
 *
 * Exits with 1 when a median ratio exceeds 0.8: how much faster we are depends on the processor's matrix
 * library, that we are a fifth faster is what training natively in Node promises. Needs python3 with venv:
 * installs PyTorch into var/bench-venv the first time (3 GB).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { medianOf } from './figures.ts';
import { readOptions } from './read-options.ts';
import { openReferencePython } from './python.ts';
import { openOurs, profileOurs } from './training/ours.ts';
import { openTorch } from './training/pytorch.ts';
import { BATCH, drawBatch, MODELS, TIMES } from './training/shapes.ts';

const values = readOptions(import.meta.url, {
  steps: { type: 'string', default: '20' },
  shapes: {
    type: 'string',
    default: MODELS.flatMap(({ name }) => TIMES.map((time) => `${name}/${time}`)).join(','),
  },
  threads: { type: 'string', default: '2' },
});
const [steps, threads] = [Number(values.steps), Number(values.threads)];
const WARM_UP_STEPS = 3;
/**
 * ONNX Runtime's second thread waits in a loop for some 20 ms after a run: PyTorch's step right behind it was
 * up to 8% slower.
 */
const SETTLE_MS = 300;

const python = await openReferencePython();
let missed = 0;
for (const shape of values.shapes.split(',')) {
  const [name, time] = shape.split('/');
  const model = MODELS.find((known) => known.name === name);
  if (model === undefined || !(Number(time) > 0)) throw new Error(`there is no shape "${shape}"`);
  const loaded = await model.load();
  const batch = drawBatch(Number(time));

  const torch = await openTorch(python, loaded, batch, threads);
  const ours = await openOurs(loaded.config, loaded.weights, batch, threads);
  const seconds = {
    ours: [] as number[],
    optimizer: [] as number[],
    torch: [] as number[],
    fused: [] as number[],
  };
  for (let i = -WARM_UP_STEPS; i < steps; i += 1) {
    await sleep(SETTLE_MS);
    const own = await ours.step();
    await sleep(SETTLE_MS);
    const reference = await torch.step('default');
    await sleep(SETTLE_MS);
    const fused = await torch.step('fused');
    if (i < 0) continue;
    seconds.ours.push(own.seconds);
    seconds.optimizer.push(own.optimizerSeconds);
    seconds.torch.push(reference.seconds);
    seconds.fused.push(fused.seconds);
  }
  await ours.close();
  await torch.close();

  const ratio = medianOf(seconds.ours) / medianOf(seconds.torch);
  const isMet = ratio <= model.limit;
  if (!isMet) missed += 1;
  console.info(
    `${shape}, batch ${BATCH}: ours ${ms(seconds.ours)}, PyTorch ${torch.version} ${ms(seconds.torch)}: ` +
      `ratio ${ratio.toFixed(3)}, limit ${model.limit}${isMet ? '' : ' MISSED'}; ` +
      `with PyTorch's fused AdamW ${ms(seconds.fused)}: ${(medianOf(seconds.ours) / medianOf(seconds.fused)).toFixed(3)}`,
  );
  const profile = await profileOurs(loaded.config, loaded.weights, batch, threads);
  const inGraph = profile.slice(0, 10).map(([operator, spent]) => `${operator} ${spent.toFixed(1)}`);
  const named = profile.reduce((sum, [, spent]) => sum + spent, 0);
  console.info(
    `  where ours goes, ms: ${inGraph.join(', ')}; all operators ${named.toFixed(1)}; optimiser ${ms(seconds.optimizer)}; ` +
      `largest resident memory so far ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`,
  );
}
if (missed > 0) {
  console.error(`${missed} ratio(s) missed the limit`);
  process.exitCode = 1;
}

function ms(values_: readonly number[]): string {
  return `${(medianOf(values_) * 1000).toFixed(1)} ms`;
}
