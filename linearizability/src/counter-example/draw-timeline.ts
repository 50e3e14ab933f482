import { explain } from "./explain.ts";
import type { CounterExample } from "./shrink.ts";
import { type TimelineRow, timelineRows } from "./timeline-rows.ts";

const margin = 16;
const rowHeight = 28;
const barHeight = 16;
const chartWidth = 460;
/** Of the widest usual monospaced font, at 13 pixels. */
const characterWidth = 7.9;
const gap = 16;

const style = `
    svg { background: #fff; color: #1c1c1c; }
    text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: currentColor; }
    .title { font-weight: bold; }
    .core { fill: #c62f2f; }
    .context { fill: none; stroke: #6b6b6b; stroke-width: 1.5; stroke-dasharray: 4 3; }
    .line { stroke: #e2e2e2; }
    @media (prefers-color-scheme: dark) {
      svg { background: #161616; color: #ececec; }
      .core { fill: #ef6a6a; }
      .context { stroke: #a5a5a5; }
      .line { stroke: #333; }
    }`;

/**
 * A counter-example as an SVG picture, in the colours of a light or a dark page. Time goes from left to right; a bar goes
 * from an operation's call to its return, and to the right edge where the operation is open until the end.
 */
export function drawTimeline(counterExample: CounterExample, title: string): string {
  const { rows, places, leftOut } = timelineRows(counterExample);
  const sentences = explain(counterExample, leftOut);
  const textWidth = (texts: readonly string[]): number =>
    Math.max(0, ...texts.map((text) => text.length * characterWidth));
  const chartLeft = margin + textWidth(rows.map(processOf)) + gap;
  const labelLeft = chartLeft + chartWidth + gap;
  const width = Math.ceil(
    margin + Math.max(labelLeft + textWidth(rows.map(({ label }) => label)), textWidth([title, ...sentences])),
  );
  const chartTop = margin + rowHeight;
  const chartBottom = chartTop + rows.length * rowHeight;
  const height = chartBottom + (sentences.length + 1) * 20;
  const x = (place: number): number => chartLeft + (Math.min(place, places) / Math.max(1, places)) * chartWidth;
  const drawn = rows.map((row, index) => drawRow(row, chartTop + index * rowHeight, { x, labelLeft, width }));
  const explained = sentences.map((sentence, index) => text(margin, chartBottom + 24 + index * 20, sentence));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
  <title>${escape(title)}</title>
  <style>${style}
  </style>
  ${[text(margin, margin + 10, title, "title"), ...drawn, ...explained].join("\n  ")}
</svg>
`;
}

interface Columns {
  readonly x: (place: number) => number;
  readonly labelLeft: number;
  readonly width: number;
}

function drawRow(row: TimelineRow, top: number, { x, labelLeft, width }: Columns): string {
  const [left, right] = [x(row.from), x(row.to)];
  const baseline = top + barHeight - 3;
  const bar = `x="${left.toFixed(1)}" y="${top}" width="${Math.max(2, right - left).toFixed(1)}" height="${barHeight}" rx="3"`;
  return [
    `<line class="line" x1="${margin}" x2="${width - margin}" y1="${top + barHeight + 6}" y2="${top + barHeight + 6}"/>`,
    text(margin, baseline, processOf(row)),
    `<rect class="${row.isCore ? "core" : "context"}" ${bar}/>`,
    text(labelLeft, baseline, row.label),
  ].join("\n  ");
}

const processOf = ({ process, isCore }: TimelineRow): string => `${isCore ? "" : "~ "}${process}`;

const text = (x: number, y: number, content: string, name?: string): string =>
  `<text x="${x.toFixed(1)}" y="${y}"${name === undefined ? "" : ` class="${name}"`}>${escape(content)}</text>`;

const escape = (content: string): string =>
  content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // SVG is XML, which has no other control characters than these.
    .replaceAll(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
