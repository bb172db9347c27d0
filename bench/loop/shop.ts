/**
 * The shop of the bench: products with the texts that the real copywriter proposes for them, rows of a first
 * dataset, and the encoder's state of every text. States depend on texts alone, so they are computed once and
 * kept below var/bench-loop: a training on them takes seconds.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { classifierText } from '../../src/core/classifier-text.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { createCopywriter, loadChannels } from '../../src/copy/index.ts';
import { drawRecords } from '../../src/data/index.ts';
import { readBaseModel, type BaseModel } from '../../src/ml/base/index.ts';
import { quantizeGraph } from '../../src/ml/model-directory/quantize.ts';
import { buildEncoderGraph } from '../../src/ml/models/index.ts';
import { runBatches } from '../../src/ml/scoring/index.ts';
import { openTokenizer } from '../../src/ml/text/index.ts';

/** Fields that the simulated people see. */
export const FIELDS = ['ad_copy', 'x.text'] as const;
export type Field = (typeof FIELDS)[number];

export interface ShopText {
  text: string;
  field: Field;
  /** Of its product. */
  title: string;
  description: string;
  /** Its state's row. */
  row: number;
}

export interface ShopProduct {
  title: string;
  category: string;
  texts: Record<Field, ShopText[]>;
}

export interface SourceRow {
  title: string;
  description: string;
  label: 0 | 1;
  row: number;
}

export interface Shop {
  products: readonly ShopProduct[];
  /** Nobody ever sees these: rankings are judged on them. */
  holdout: readonly ShopProduct[];
  /** What the first champion learns from. */
  source: readonly SourceRow[];
  base: BaseModel;
  /** [rows, dim] */
  states: Float32Array;
}

const SHOP_SEED = 77;
const SOURCE_SEED = 42;
const THRESHOLD = 3.5;
const CANDIDATES = 8;

export async function openShop(size: { products: number; holdout: number; source: number }): Promise<Shop> {
  const rows = new Map<string, number>();
  const rowOf = (text: string): number => {
    const row = rows.get(text) ?? rows.size;
    rows.set(text, row);
    return row;
  };
  const copywriter = createCopywriter({ channels: loadChannels() });
  const products: ShopProduct[] = [];
  for (const { record } of drawRecords({ count: size.products + size.holdout, seed: SHOP_SEED })) {
    const { title, description, category } = record;
    const draft = await copywriter.propose({ title, description, count: CANDIDATES, channels: ['x'] });
    const texts: ShopProduct['texts'] = { ad_copy: [], 'x.text': [] };
    let place = 0;
    for (const { plan, texts: written } of draft.fields)
      for (const { text } of written) {
        const read = draft.texts[place++] ?? '';
        const field = FIELDS.find((name) => name === plan.request.name);
        if (field !== undefined) texts[field].push({ text, field, title, description, row: rowOf(read) });
      }
    products.push({ title, category, texts });
  }
  await copywriter.close();
  const source = [...drawRecords({ count: size.source, seed: SOURCE_SEED })].map(({ record }): SourceRow => {
    const { title, description } = record;
    return {
      title,
      description,
      label: record.rating >= THRESHOLD ? 1 : 0,
      row: rowOf(classifierText(record)),
    };
  });
  const encoder = await readBaseModel(path.join(packageRoot, 'assets', 'encoder'));
  // Read once: hundreds of heads are trained on the same encoder.
  const weights = encoder.readWeights();
  const base = { ...encoder, readWeights: () => weights };
  return {
    products: products.slice(0, size.products),
    holdout: products.slice(size.products),
    source,
    base,
    states: await openStates([...rows.keys()], base),
  };
}

/** In int8, as models serve: a third of the time. */
async function openStates(texts: readonly string[], base: BaseModel): Promise<Float32Array> {
  const folder = path.join(packageRoot, 'var', 'bench-loop');
  const file = path.join(folder, `${createHash('sha256').update(texts.join('\n')).digest('hex')}.bin`);
  const { dim } = base.config;
  if (existsSync(file)) {
    const bytes = await readFile(file);
    return new Float32Array(bytes.buffer, bytes.byteOffset, texts.length * dim);
  }
  const tokenizer = await openTokenizer(base.directory);
  const options = { maxLength: 128, threads: 2 };
  const encoder = buildEncoderGraph(base.config, await base.readWeights());
  const graph = await quantizeGraph(encoder, { ...options, tokenizer, texts });
  const states = new Float32Array(texts.length * dim);
  await runBatches(graph, tokenizer, texts, options, (outputs, rows) => {
    const [output] = Object.values(outputs);
    if (output === undefined) throw new Error('the encoder answers with nothing');
    rows.forEach((row, index) => {
      states.set(output.data.subarray(index * dim, (index + 1) * dim), row * dim);
    });
  });
  await mkdir(folder, { recursive: true });
  await writeFile(file, new Uint8Array(states.buffer));
  return states;
}
