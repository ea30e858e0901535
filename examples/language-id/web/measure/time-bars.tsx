/** Times as bars on one logarithmic scale. */

import { milliseconds } from '../numbers.js';
import { type LogScale, logScale } from './log-scale.js';
import { CONTESTANT_NAMES, CONTESTANTS, type Contestant, type Result } from './protocol.js';
import { sizeText } from './sizes.js';
import type { Measured, Measurement } from './use-measurement.js';

export function TimeBars({ measurement: { measured, size } }: { readonly measurement: Measurement }) {
  const times = measured.flatMap(({ results }) => [...results.values()].map((result) => result.milliseconds));
  const scale = logScale(times);
  return (
    <section class="times" aria-labelledby="times-title">
      <h2 id="times-title">Milliseconds per call</h2>
      <p class="hint">{size && `${sizeText(size)}. `}Logarithmic: each line is ten times the one before.</p>
      <div class="time-axis" aria-hidden="true">
        <span />
        <div>
          {scale.ticks.map((tick) => (
            <span key={tick} style={{ left: `${100 * scale.place(tick)}%` }}>
              {tick.toLocaleString('en', { maximumFractionDigits: 3 })}
            </span>
          ))}
        </div>
        <span />
      </div>
      {measured.map((one) => (
        <Group key={one.backend} measured={one} scale={scale} />
      ))}
    </section>
  );
}

function Group({ measured, scale }: { readonly measured: Measured; readonly scale: LogScale }) {
  const { backend, results, failure } = measured;
  const own = results.get('layer');
  return (
    <div class="time-group">
      <h3>{backend}</h3>
      <ul>
        {CONTESTANT_NAMES.map((name) => (
          <Bar key={name} name={name} result={results.get(name)} own={own} scale={scale} />
        ))}
      </ul>
      {own?.note !== undefined && <p class="hint">{own.note}.</p>}
      {failure !== undefined && <p class="error">{failure}</p>}
    </div>
  );
}

interface BarProps {
  readonly name: Contestant;
  readonly result: Result | undefined;
  /** That of the layer of this package. */
  readonly own: Result | undefined;
  readonly scale: LogScale;
}

function Bar({ name, result, own, scale }: BarProps) {
  return (
    <li class={name === 'layer' ? 'own' : undefined}>
      <span class="name">{CONTESTANTS[name]}</span>
      <svg class="bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 1 1">
        {result && <rect width={scale.place(result.milliseconds)} height="1" />}
        {scale.ticks.slice(1, -1).map((tick) => (
          <path key={tick} d={`M${scale.place(tick)} 0V1`} />
        ))}
      </svg>
      <span class="time">
        {result ? <data value={`${result.milliseconds}`}>{milliseconds(result.milliseconds)}</data> : '–'}
        {result && own && result !== own && <span class="ratio">{ratioText(result, own)}</span>}
      </span>
    </li>
  );
}

/** How many times as long it takes as the layer of this package. */
function ratioText(result: Result, own: Result): string {
  const ratio = result.milliseconds / own.milliseconds;
  return `× ${ratio.toLocaleString('en', { maximumFractionDigits: ratio < 10 ? 1 : 0 })}`;
}
