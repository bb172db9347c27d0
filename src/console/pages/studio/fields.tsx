/** The fields of an answer, with the alternatives of each and their scores. */
import type { PredictAnswer } from '../../../client/index.ts';
import { CopyButton } from '../../parts/copy-button.tsx';

export function Fields({ answer }: { answer: PredictAnswer }) {
  const { data, channels, alternatives } = answer;
  const fields: [name: string, texts: readonly string[]][] = [
    ['social_media_caption', [data.social_media_caption]],
    ['ad_copy', [data.ad_copy]],
    ['hashtags', [data.hashtags.join(' ')]],
  ];
  for (const [channel, parts] of Object.entries(channels)) {
    for (const [field, value] of Object.entries(parts)) fields.push([`${channel}.${field}`, [value].flat()]);
  }
  return (
    <dl class="fields">
      {fields.map(([name, texts]) => (
        <div key={name}>
          <dt>{name.replaceAll('_', ' ')}</dt>
          <dd>
            {texts.map((text) => (
              <p key={text} class="foreign" dir="auto">
                {text} <CopyButton text={text} />
              </p>
            ))}
            <Alternatives list={alternatives[name]?.slice(1) ?? []} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Alternatives({ list }: { list: readonly { text: string; score: number | null }[] }) {
  if (list.length === 0) return null;
  return (
    <details>
      <summary>{list.length} alternatives</summary>
      <table>
        <tbody>
          {list.map(({ text, score }) => (
            <tr key={text}>
              <td class="number">{score === null ? '–' : score.toFixed(2)}</td>
              <td class="foreign" dir="auto">
                {text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
