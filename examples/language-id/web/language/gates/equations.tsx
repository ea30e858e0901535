/** A step of `torch.nn.GRU`, as computeGates has it. */

import type { ComponentChildren } from 'preact';

export function Equations() {
  return (
    <dl class="equations">
      <Line of={<var>r</var>}>
        σ(
        <W of="ir" /> <var>x</var> + <B of="ir" /> + <W of="hr" /> <var>h</var> + <B of="hr" />)
      </Line>
      <Line of={<var>z</var>}>
        σ(
        <W of="iz" /> <var>x</var> + <B of="iz" /> + <W of="hz" /> <var>h</var> + <B of="hz" />)
      </Line>
      <Line of={<var>n</var>}>
        tanh(
        <W of="in" /> <var>x</var> + <B of="in" /> + <var>r</var> ∗ (<W of="hn" /> <var>h</var> +{' '}
        <B of="hn" />
        ))
      </Line>
      <Line of={<var>h′</var>}>
        (1 − <var>z</var>) ∗ <var>n</var> + <var>z</var> ∗ <var>h</var>
      </Line>
    </dl>
  );
}

function Line({ of, children }: { readonly of: ComponentChildren; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{of} =</dt>
      <dd>{children}</dd>
    </div>
  );
}

function W({ of }: { readonly of: string }) {
  return (
    <span>
      <var>W</var>
      <sub>{of}</sub>
    </span>
  );
}

function B({ of }: { readonly of: string }) {
  return (
    <span>
      <var>b</var>
      <sub>{of}</sub>
    </span>
  );
}
