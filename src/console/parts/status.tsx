/** A state in words with a mark before it: the colour alone never says it. */
const KINDS: Readonly<Record<string, { mark: string; tone: string }>> = {
  succeeded: { mark: '✓', tone: 'good' },
  finished: { mark: '✓', tone: 'good' },
  killed: { mark: '⊘', tone: 'soft' },
  promoted: { mark: '✓', tone: 'good' },
  approved: { mark: '✓', tone: 'good' },
  failed: { mark: '✕', tone: 'bad' },
  rejected: { mark: '✕', tone: 'bad' },
  lost: { mark: '✕', tone: 'bad' },
  refused: { mark: '✕', tone: 'warn' },
  retrying: { mark: '↻', tone: 'warn' },
  paused: { mark: '‖', tone: 'warn' },
  'asks for approval': { mark: '○', tone: 'accent' },
  'in canary': { mark: '◐', tone: 'accent' },
  cancelled: { mark: '⊘', tone: 'soft' },
  active: { mark: '●', tone: 'accent' },
  running: { mark: '●', tone: 'accent' },
  pending: { mark: '○', tone: 'soft' },
  in_review: { mark: '○', tone: 'accent' },
  published: { mark: '✓', tone: 'good' },
  draft: { mark: '·', tone: 'soft' },
  dead: { mark: '✕', tone: 'bad' },
  delivered: { mark: '✓', tone: 'good' },
  waiting: { mark: '○', tone: 'soft' },
  ok: { mark: '✓', tone: 'good' },
  warning: { mark: '!', tone: 'warn' },
};

export function markOf(value: string): { mark: string; tone: string } {
  return KINDS[value] ?? { mark: '·', tone: 'soft' };
}

export function Status({ value }: { value: string }) {
  const { mark, tone } = markOf(value);
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true">{mark}</span> {value.replaceAll('_', ' ')}
    </span>
  );
}
