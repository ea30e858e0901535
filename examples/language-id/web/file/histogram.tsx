/** The values of a tensor as bars, between the least and the largest. */

import type { Values } from './reading/values.js';

export function Histogram({ values }: { readonly values: Values }) {
  const { count, min, max, mean, deviation, notFinite, bins } = values;
  if (count === 0) return <p class="unread">no values</p>;
  const most = Math.max(...bins, 1);
  const summary = `mean ${short(mean)}, deviation ${short(deviation)}`;
  return (
    <figure class="histogram">
      <svg
        role="img"
        aria-label={`Values from ${short(min)} to ${short(max)}, ${summary}`}
        preserveAspectRatio="none"
        viewBox={`0 0 ${Math.max(bins.length, 1)} 1`}
      >
        <path d={bins.map((inBin, i) => `M${i} 1V${1 - inBin / most}H${i + 1}V1`).join('')} />
      </svg>
      <figcaption>
        <span>{short(min)}</span>
        <span>
          {short(mean)} ± {short(deviation)}
          {notFinite > 0 && `, ${notFinite} not finite`}
        </span>
        <span>{short(max)}</span>
      </figcaption>
    </figure>
  );
}

/** `0.125`, `-3.2e-7`: three digits. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1);
  return `${Number(value.toPrecision(3))}`;
}
