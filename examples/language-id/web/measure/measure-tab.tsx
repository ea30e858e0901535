/** How long this layer, its reference and that of tf.layers take, on each backend of this browser. */

import { useState } from 'preact/hooks';
import { type Backend, backendsHere } from '../backends.js';
import { Choice } from '../choice.js';
import { CONTESTANTS } from './protocol.js';
import { SIZES, type Size, sizeText } from './sizes.js';
import { TimeBars } from './time-bars.js';
import { type Measurement, useMeasurement } from './use-measurement.js';

export function MeasureTab() {
  const here = backendsHere();
  const [measurement, { start, cancel }] = useMeasurement();
  const [sizeId, setSizeId] = useState('phrase');
  const [backends, setBackends] = useState<readonly Backend[]>(here);
  const size = SIZES.find(({ id }) => id === sizeId) as Size;
  const toggle = (backend: Backend) =>
    setBackends(here.filter((one) => backends.includes(one) !== (one === backend)));
  return (
    <>
      <section class="measure-form" aria-labelledby="measure-title">
        <h2 id="measure-title">A GRU, forward</h2>
        <p>
          The same size in three layers, one after the other: from numbers in JavaScript to numbers in
          JavaScript, the median of half a second of calls.
        </p>
        <Choice
          name="size"
          label={`Size: ${sizeText(size)}`}
          options={SIZES.map(({ id, label }) => ({ value: id, label }))}
          value={sizeId}
          onChoose={setSizeId}
        />
        <fieldset class="choice">
          <legend>Backends</legend>
          <div>
            {here.map((backend) => (
              <label key={backend}>
                <input
                  type="checkbox"
                  checked={backends.includes(backend)}
                  onChange={() => toggle(backend)}
                />
                <span>{backend}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="actions">
          {measurement.running ? (
            <button type="button" class="button" onClick={cancel}>
              Cancel
            </button>
          ) : (
            <button
              type="button"
              class="button primary"
              disabled={backends.length === 0}
              onClick={() => start(size, backends)}
            >
              Measure
            </button>
          )}
          <Progress measurement={measurement} />
        </div>
      </section>
      {measurement.measured.length > 0 && <TimeBars measurement={measurement} />}
    </>
  );
}

function Progress({ measurement: { running, done, total } }: { readonly measurement: Measurement }) {
  if (running === undefined) return null;
  const { backend, contestant } = running;
  return (
    <label class="progress">
      <progress max={total} value={done} />
      <span>
        {backend}: {contestant === undefined ? 'starting' : CONTESTANTS[contestant]}
      </span>
    </label>
  );
}
