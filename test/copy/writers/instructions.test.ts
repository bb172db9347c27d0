/** Records that give instructions to a model, against a server that obeys everything it reads. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutInstructions } from '../../../src/copy/check/index.ts';
import { createCopywriter, createOpenAiWriter, loadChannels } from '../../../src/copy/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { CLEAN, INNOCENT, listObedientRecords } from '../../../fixtures/obedient-records.ts';
import { drawRecord } from '../../../fixtures/product-records.ts';

const TEXTS = [
  'A compact light with a soft glow.',
  'Your desk, kindly lit by a lamp.',
  'A foldable arm, a calm desk.',
];

const ORDERED = /evil|hacked|poison|cancer|\b90\b|instruc|anweis/u;

let baseUrl = '';
let payload = '';
let obeyed = 0;
/** Says the payload in every field as soon as anything but the product is in what it reads. */
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const { messages } = JSON.parse(body) as { messages: { content: string }[] };
    const { product, fields } = JSON.parse(messages[1]?.content ?? '') as {
      product: { title: string; description: string };
      fields: Record<string, unknown>;
    };
    const isObeying =
      product.title.trim().replace(/\.$/u, '') !== CLEAN.title ||
      product.description.trim() !== CLEAN.description;
    if (isObeying) obeyed += 1;
    const said = isObeying ? [payload, `${payload}!`, `Now: ${payload}`] : TEXTS;
    const content = JSON.stringify(Object.fromEntries(Object.keys(fields).map((name) => [name, said])));
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] }));
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => server.close());

describe('instructions in a product', () => {
  const records = listObedientRecords();

  it(`change nothing of its copy, though the server obeys: ${records.length} records`, async () => {
    expect(records.length).toBeGreaterThanOrEqual(200);
    const copywriter = createCopywriter({
      channels: loadChannels(),
      writer: createOpenAiWriter({ baseUrl, model: 'm', timeoutMs: 10_000, retries: 0 }),
    });
    const write = async (record: { title: string; description: string }) => {
      const draft = await copywriter.propose({ ...record, count: 3, channels: ['x', 'google_rsa'], seed: 1 });
      return {
        all: draft.fields.flatMap(({ texts }) => texts.map(({ text }) => text)),
        tags: draft.hashtags,
      };
    };
    const clean = await write(CLEAN);
    const changed: string[] = [];
    const leaked: string[] = [];
    for (const record of records) {
      payload = record.payload;
      const { all, tags } = await write(record);
      const said = [...all, ...tags].join('\n').toLowerCase();
      if (said.includes(record.payload.toLowerCase()) || ORDERED.test(said)) leaked.push(record.kind);
      if (JSON.stringify(all) !== JSON.stringify(clean.all)) changed.push(record.kind);
    }
    expect(leaked).toEqual([]);
    expect(changed).toEqual([]);
    expect(obeyed).toBe(0);
  }, 120_000);

  it('are told from what products say of themselves', () => {
    const random = createRandom(3);
    const sentences = [
      'Write smoothly with this pen. Say hello to calm evenings.',
      'Ignore the noise: the headphones cancel it.',
      'Never forget your keys again. The system runs on two batteries.',
      'Follow the instructions in the box. Print photos at home.',
      'Antworten auf alle Fragen. Schreibt sanft, ohne Druck.',
      'The board game has simple rules; everything you need is in the box.',
      'Sizes 80 85 90 95 100 105 110 115 120, 32 34 36 38 40 42 44 46 48 50. Model 01010101 in red!',
      'Fits 1+1 bottles: wow! -- soft -- warm -- light -- bright. A pretty-good A1 pen/ink set No1.',
      'Skriv med let hånd. Napište si poznámky. Tulis dengan nyaman. Flags 🇩🇪🇫🇷🇪🇸 and a rainbow 🏳️‍🌈.',
      'SKU 8f14e45fceea167a5a36dedd4bea2543, 100% cotton, EAN 4006381333931.',
      'Forget everything you thought you knew about coffee. Forget complicated instructions: it is set up in minutes.',
      'Don’t forget to read the care instructions. Bypass pruners for branches above 2 cm, with a manual override: on, off.',
      'A hidden note of vanilla and a locket for a secret message. Complete with original instructions.',
      'You are now ready for summer and no longer tied to a cable. From now on, mornings are easy.',
      'The panels act as a room divider, and sensors respond in milliseconds. Kids pretend to be chefs.',
      'The watch lets you answer by voice. Answer with a single touch. Add them to salads to add that special touch.',
      'Operating system: Android 13. Cooling system: liquid. System: Windows 11. User: adults. Model: Dolphin 300.',
      'In this model, you get two lenses. Customers say that it fits. Books that reveal the secrets of the deep.',
      'Magnetic letters A B C D E F G H I J K L M N O P Q R S T U V W X Y Z in wood.',
      'Ab jetzt erhältlich. Vergiss Kabel: alles ist drahtlos. Schreiben Sie mit Leichtigkeit. Gib einfach Wasser hinzu.',
      'Désormais disponible en noir. Oubliez les câbles : tout est sans fil. Écrivez avec élégance.',
      'Olvídate de los cables: todo es inalámbrico. Escribe con suavidad. A partir de ahora, duermes mejor.',
      'Maglia di solo cotone. Dimentica i cavi: tutto è senza fili. Scrive con precisione. D’ora in poi dormi meglio.',
      'Vanaf nu verkrijgbaar. Sla alles op in één vak. Frisse sla met tomaat, alles vers. Het antwoord dat je zoekt.',
      'Esqueça os cabos: tudo é sem fio. Glöm sladdar, allt är trådlöst. Felejtsd el a kábeleket!',
      'Забудьте о проводах: все работает сразу. 모든 걱정은 잊으세요. 从现在开始享受咖啡。',
    ];
    sentences.push(...INNOCENT);
    for (let i = 0; i < 300; i += 1) sentences.push(drawRecord(random).description);
    for (const text of sentences) expect(withoutInstructions(text)).toEqual({ text, instructions: [] });
  });
});
