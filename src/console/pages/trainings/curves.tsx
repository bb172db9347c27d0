/** Curves of one metric over each other, with what they are worth under the pointer. */
import { useEffect, useRef } from 'preact/hooks';
import type { MlflowClient } from '../../../client/index.ts';

export type MlflowMetric = Awaited<ReturnType<MlflowClient['runs']['metricHistory']>>[number];

export interface Curve {
  name: string;
  points: readonly MlflowMetric[];
}

const HEIGHT = 280;
/** As many as tokens.css has colours for series; then they begin again, with dashes. */
const COLOURS = 6;

export function Curves({ metric, curves }: { metric: string; curves: readonly Curve[] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const drawn = draw(element, curves);
    return () => {
      void drawn.then((destroy) => destroy());
    };
  }, [metric, curves]);
  const told = curves.map(({ name, points }) => `${name} ends at ${points.at(-1)?.value ?? 'nothing'}`);
  return <div ref={place} class="curves" role="img" aria-label={`${metric} by step: ${told.join(', ')}`} />;
}

/** @returns what takes it away */
async function draw(element: HTMLElement, curves: readonly Curve[]): Promise<() => void> {
  const [{ default: UPlot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(({ step }) => step)))].toSorted(
    (a, b) => a - b,
  );
  const values = curves.map(({ points }) => {
    const byStep = new Map(points.map(({ step, value }) => [step, Number(value)]));
    return steps.map((step) => byStep.get(step));
  });
  const text = colourOf(element, '--soft');
  const axis = { stroke: text, grid: { stroke: colourOf(element, '--line'), width: 1 } };
  const plot = new UPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false } },
      // A step is a whole number.
      axes: [{ ...axis, label: 'step', incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] }, axis],
      series: [
        { label: 'step', value: (_, value: number | null) => value?.toString() ?? '' },
        ...curves.map(({ name }, index) => ({
          label: name,
          stroke: colourOf(element, `--series-${(index % COLOURS) + 1}`),
          width: 2,
          value: (_: unknown, value: number | null) => value?.toFixed(4) ?? '',
          spanGaps: true,
          ...(index >= COLOURS ? { dash: [6, 4] } : {}),
        })),
      ],
    },
    [steps, ...values],
    element,
  );
  const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
  observer.observe(element);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}

/** The colour that a name stands for in the theme of the moment: a canvas reads no custom properties. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
