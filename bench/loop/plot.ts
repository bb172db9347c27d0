/** A plot as SVG: lines with their intervals over a logarithmic axis, readable in light and dark. */

export interface Line {
  name: string;
  /** `error`: half of the interval. */
  points: readonly { x: number; y: number; error: number }[];
}

const WIDTH = 640;
const HEIGHT = 340;
const MARGIN = { left: 48, right: 90, top: 34, bottom: 36 };
/** Told apart in grey, and by whoever sees red and green alike. */
const COLOURS = ['#b3541e', '#1b7f5f', '#2f5fb3', '#7a4fa3'];
const LOWEST = -0.2;

export function renderPlot(lines: readonly Line[], title: string): string {
  const xs = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [low, high] = [Math.log(Math.min(...xs)), Math.log(Math.max(...xs))];
  const x = (value: number): string =>
    (
      MARGIN.left +
      ((Math.log(value) - low) / Math.max(high - low, 1e-9)) * (WIDTH - MARGIN.left - MARGIN.right)
    ).toFixed(1);
  const y = (value: number): string =>
    (
      HEIGHT -
      MARGIN.bottom -
      ((value - LOWEST) / (1 - LOWEST)) * (HEIGHT - MARGIN.top - MARGIN.bottom)
    ).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<path d="M${MARGIN.left} ${y(value)}H${WIDTH - MARGIN.right}" stroke="#8884"/><text x="${MARGIN.left - 8}" y="${y(value)}" dy="4" text-anchor="end">${value}</text>`,
  );
  const ticks = [...new Set(xs)].map(
    (value) => `<text x="${x(value)}" y="${HEIGHT - 14}" text-anchor="middle">${value}</text>`,
  );
  const drawn = lines.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? '#888';
    const bars = points.map(
      (point) =>
        `<path d="M${x(point.x)} ${y(point.y - point.error)}V${y(point.y + point.error)}" stroke="${colour}"/>`,
    );
    const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('');
    const last = points.at(-1);
    const label =
      last === undefined
        ? ''
        : `<text x="${Number(x(last.x)) + 8}" y="${y(last.y)}" dy="4" fill="${colour}">${name}</text>`;
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${bars.join('')}${label}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12" fill="#888">
<text x="${MARGIN.left}" y="18">${title}</text>
${[...grid, ...ticks, ...drawn].join('\n')}
</svg>
`;
}
