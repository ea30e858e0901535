/** A bar chart as SVG, readable on light and dark pages. */

export interface Bar {
  readonly label: string;
  readonly value: number;
}

export interface Group {
  readonly label: string;
  /** Small text under the label. */
  readonly note?: string;
  readonly bars: readonly Bar[];
}

export interface Chart {
  readonly title: string;
  readonly groups: readonly Group[];
}

const WIDTH = 640;
const LEFT = 136;
const RIGHT = 48;
const TOP = 42;
const LEGEND_LINE = 14;
const BAR = 9;
const GAP = 9;
const AXIS = 22;
const SMALL = 9;

/** Mid-tones: at least 3:1 against white as well as against near-black. */
const TEXT = '#7d8590';
const COLORS = ['#3b82c4', '#c2703d', '#3d9970', '#9b6bc3', '#b5852a', '#c25580'];

/**
 * Horizontal bars in groups on a logarithmic axis, from the line at 1: to the left of it what is less. Every label has one
 * color in all groups, and stands in the legend.
 */
export function barChart({ title, groups }: Chart): string {
  const labels = [...new Set(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))];
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value));
  const low = Math.floor(Math.log10(Math.min(1, ...values)) * 2) / 2;
  const high = Math.ceil(Math.log10(Math.max(10, ...values)) * 2) / 2;
  const x = (value: number) => LEFT + ((WIDTH - LEFT - RIGHT) * (Math.log10(value) - low)) / (high - low);
  const parts: string[] = [];
  const { entries, lines } = legend(labels);
  const top = TOP + lines * LEGEND_LINE;
  let y = top;
  for (const group of groups) {
    const height = group.bars.length * BAR;
    const middle = y + height / 2;
    parts.push(text(LEFT - 8, group.note ? middle - 2 : middle + 4, group.label, 'end'));
    if (group.note) parts.push(text(LEFT - 8, middle + 9, group.note, 'end', SMALL));
    for (const bar of group.bars) {
      parts.push(drawBar(bar, x, y, COLORS[labels.indexOf(bar.label) % COLORS.length] as string));
      y += BAR;
    }
    y += GAP;
  }
  const bottom = y - GAP + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" width="${WIDTH}" font-family="system-ui,sans-serif" font-size="11" fill="${TEXT}" role="img">`,
    `<title>${escaped(title)}</title>`,
    text(LEFT, 16, title),
    ...entries,
    ...ticks(low, high).map((tick) => drawTick(tick, x(tick), top, bottom)),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function drawBar({ label, value }: Bar, x: (value: number) => number, y: number, color: string): string {
  const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
  const number = String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
  const width = Math.max(to - from, 1);
  return [
    `<rect x="${round(from)}" y="${y}" width="${round(width)}" height="${BAR - 1}" fill="${color}">`,
    `<title>${escaped(label)}: ${number}</title></rect>`,
    value < 1
      ? text(from - 3, y + BAR - 1, number, 'end', SMALL)
      : text(to + 3, y + BAR - 1, number, 'start', SMALL),
  ].join('');
}

function legend(labels: readonly string[]): { readonly entries: string[]; readonly lines: number } {
  let [x, line] = [LEFT, 0];
  const entries = labels.map((label, i) => {
    const width = 26 + label.length * 6;
    if (x + width > WIDTH && x > LEFT) [x, line] = [LEFT, line + 1];
    const [at, y] = [x, 28 + line * LEGEND_LINE];
    x += width;
    const swatch = `<rect x="${at}" y="${y}" width="9" height="9" fill="${COLORS[i % COLORS.length]}"/>`;
    return swatch + text(at + 13, y + 9, label);
  });
  return { entries, lines: line + 1 };
}

/** 1, 10, 100 and so on within the axis. */
function ticks(low: number, high: number): number[] {
  const powers: number[] = [];
  for (let power = Math.ceil(low); power <= high; power++) powers.push(10 ** power);
  return powers;
}

function drawTick(value: number, x: number, top: number, bottom: number): string {
  const opacity = value === 1 ? 1 : 0.3;
  const line = `<path d="M${round(x)} ${top - 6}V${bottom}" stroke="${TEXT}" stroke-opacity="${opacity}"/>`;
  return line + text(x, bottom + 14, `${value}x`, 'middle');
}

function text(x: number, y: number, content: string, anchor = 'start', size?: number): string {
  const font = size === undefined ? '' : ` font-size="${size}"`;
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}"${place}${font}>${escaped(content)}</text>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
