/** The stages of a run as small cells; what each is and how it stands shows on hover and is read out. */
import { markOf } from './status.tsx';

export function StageCells({ stages }: { stages: readonly { stage: string; status: string }[] }) {
  const told = stages.map(({ stage, status }) => `${stage}: ${status}`);
  return (
    <span class="cells" role="img" aria-label={told.join(', ')}>
      {stages.map(({ stage, status }, index) => {
        const { mark, tone } = markOf(status);
        return (
          <span key={stage} class={tone} title={told[index]}>
            {mark}
          </span>
        );
      })}
    </span>
  );
}
