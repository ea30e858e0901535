/** The gates of the layer over the characters of the phrase, beside the equations that they are computed by. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { StateDict } from 'tfjs-torch-rnn';
import { normalise } from '../../../text.js';
import { Choice } from '../../choice.js';
import { encode, fetchWeights } from '../classifier.js';
import { computeGates, type Direction, embed, gruWeights } from './compute-gates.js';
import { Equations } from './equations.js';
import { GateMap } from './gate-map.js';
import { unitOrder } from './unit-order.js';

const DIRECTIONS = [
  { value: 'forward', label: 'left to right' },
  { value: 'backward', label: 'right to left' },
] as const;

export function GateSection({ phrase }: { readonly phrase: string }) {
  const [stateDict, setStateDict] = useState<StateDict>();
  const [direction, setDirection] = useState<Direction>('forward');
  useEffect(() => void fetchWeights().then(setStateDict), []);
  const weights = useMemo(() => stateDict && gruWeights(stateDict, 'gru', direction), [stateDict, direction]);
  const order = useMemo(() => weights && unitOrder(weights), [weights]);
  const gates = useMemo(
    () =>
      stateDict &&
      weights &&
      computeGates(weights, embed(stateDict, 'embedding.weight', encode(phrase)), direction),
    [stateDict, weights, direction, phrase],
  );
  const characters = Array.from(normalise(phrase));
  return (
    <section class="gates" aria-labelledby="gates-title">
      <div class="gates-text">
        <h2 id="gates-title">What the layer keeps</h2>
        <p>
          At each character the {weights?.hiddenSize ?? ''} units of the layer set two gates, computed here
          from its weights:
        </p>
        <Equations />
        <p>
          With <var>z</var> near 1 a unit keeps its state, with <var>r</var> near 0 its proposal <var>n</var>{' '}
          does without it. A column is a character and a row a unit, those first whose <var>z</var> has the
          largest bias; the line is the mean over the units.
        </p>
        <p class="legend">
          0 <span /> 1
        </p>
        <Choice
          name="direction"
          label="Direction of the layer"
          options={DIRECTIONS}
          value={direction}
          onChoose={setDirection}
        />
      </div>
      {gates && order && (
        <div class="maps">
          <GateMap name="r" title="reset gate" values={gates.r} {...{ characters, order }} />
          <GateMap name="z" title="update gate" values={gates.z} {...{ characters, order }} />
        </div>
      )}
    </section>
  );
}
