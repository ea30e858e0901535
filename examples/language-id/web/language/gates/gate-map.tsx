/** A heat map: a column for each character, a row for each unit. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { meanOverUnits } from './compute-gates.js';
import { paintMap } from './paint-map.js';
import { useColourScheme } from './use-colour-scheme.js';

export interface GateMapProps {
  readonly name: string;
  readonly title: string;
  /** `[T, H]`, 0 to 1. */
  readonly values: Float32Array;
  readonly characters: readonly string[];
  /** Units from the top row on. */
  readonly order: readonly number[];
}

interface Cell {
  readonly t: number;
  readonly row: number;
}

export function GateMap({ name, title, values, characters, order }: GateMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cell, setCell] = useState<Cell>();
  const scheme = useColourScheme();
  const means = meanOverUnits(values, characters.length, order.length);
  useEffect(() => {
    if (canvas.current) paintMap(canvas.current, values, order);
  }, [values, order, scheme]);
  const at = cell && characters[cell.t] !== undefined ? cell : undefined;
  const unit = at && order[at.row];
  return (
    <figure class="map">
      <figcaption>
        <span>
          <var>{name}</var>, {title}
        </span>
        <output>
          {at && unit !== undefined
            ? `${shown(characters[at.t] as string)}, unit ${unit}: ${values[at.t * order.length + unit]?.toFixed(2)}`
            : ''}
        </output>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="map-scroll" tabIndex={0} aria-label={`${title} over the characters`}>
        <div class="map-grid" style={{ '--steps': characters.length, '--rows': order.length }}>
          <canvas
            ref={canvas}
            width={characters.length}
            height={order.length}
            role="img"
            aria-label={describe(name, means, characters)}
            onPointerMove={(event) => setCell(cellAt(event, characters.length, order.length))}
            onPointerLeave={() => setCell(undefined)}
          />
          <svg
            class="means"
            aria-hidden="true"
            preserveAspectRatio="none"
            viewBox={`0 0 ${characters.length} 1`}
          >
            <path d={stepLine(means)} />
          </svg>
          <ol class="characters" aria-hidden="true">
            {characters.map((character, t) => (
              <li key={t}>{shown(character)}</li>
            ))}
          </ol>
        </div>
      </section>
    </figure>
  );
}

function shown(character: string): string {
  return character === ' ' ? '␣' : character;
}

function cellAt({ currentTarget, offsetX, offsetY }: PointerEvent, steps: number, rows: number): Cell {
  const { clientWidth, clientHeight } = currentTarget as HTMLCanvasElement;
  const place = (offset: number, size: number, count: number) =>
    Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
  return { t: place(offsetX, clientWidth, steps), row: place(offsetY, clientHeight, rows) };
}

/** What the map shows, for those who do not see it. */
function describe(name: string, means: readonly number[], characters: readonly string[]): string {
  if (means.length === 0) return `${name}: no characters`;
  const lowest = means.indexOf(Math.min(...means));
  const highest = means.indexOf(Math.max(...means));
  const at = (t: number) => `${means[t]?.toFixed(2)} at character ${t + 1}, ${characters[t]}`;
  return `${name}: means over the units from ${at(lowest)}, to ${at(highest)}`;
}

/** A line with a level for each step. */
function stepLine(means: readonly number[]): string {
  return means.map((mean, t) => `${t === 0 ? 'M' : 'L'}${t} ${1 - mean}H${t + 1}`).join('');
}
