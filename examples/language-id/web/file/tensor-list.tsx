/** The tensors of a file, a part of them at a time, with what their values are like. */

import { useEffect, useState } from 'preact/hooks';
import { showShape } from '../../../../src/check.js';
import { printable, printableMessage } from '../../../../src/cli/printable.js';
import { plural, showBytes, showCount } from '../../../../src/cli/table.js';
import type { FileReportProps } from './file-report.js';
import { Histogram } from './histogram.js';
import type { Report } from './reading/protocol.js';
import type { Read } from './use-file.js';

/** Values are read for those that are shown: a large file is read no further. */
const AT_ONCE = 40;

export function TensorList({ report, values, readValues }: FileReportProps) {
  const [shown, setShown] = useState(AT_ONCE);
  const { tensors, refused } = report;
  const rows = tensors.slice(0, shown);
  // Tied tensors have the values of the first.
  const own = rows.filter(({ sameAs }) => sameAs === undefined);
  const waiting = own.filter(({ name }) => !values.has(name));
  useEffect(() => readValues(waiting.map(({ name }) => name)), [report, shown]);
  return (
    <section class="tensors" aria-labelledby="tensors-title">
      <div class="tensors-head">
        <h2 id="tensors-title">{plural(tensors.length, 'tensor')}</h2>
        {waiting.length > 0 && (
          <label>
            Reading values
            <progress max={own.length} value={own.length - waiting.length} />
          </label>
        )}
      </div>
      <ul>
        {rows.map((tensor) => (
          <TensorRow key={tensor.name} tensor={tensor} read={values.get(tensor.sameAs ?? tensor.name)} />
        ))}
        {refused.map(({ name, reason }) => (
          <li key={name}>
            <code>{printable(name)}</code>
            <p class="unread">Cannot be read: {printableMessage(reason)}</p>
          </li>
        ))}
      </ul>
      {shown < tensors.length && (
        <button type="button" class="button" onClick={() => setShown(shown + AT_ONCE)}>
          Show {Math.min(AT_ONCE, tensors.length - shown)} more of {showCount(tensors.length - shown)}
        </button>
      )}
    </section>
  );
}

interface TensorRowProps {
  readonly tensor: Report['tensors'][number];
  readonly read: Read | undefined;
}

function TensorRow({ tensor, read }: TensorRowProps) {
  const { name, dtype, shape, byteLength, sameAs } = tensor;
  return (
    <li>
      <div class="tensor">
        <code>{printable(name)}</code>
        <p class="hint">
          <span>{dtype}</span> <span>{showShape(shape)}</span> <span>{showBytes(byteLength)}</span>
        </p>
        {sameAs !== undefined && <p class="hint">the same as {printable(sameAs)}</p>}
      </div>
      {read === undefined ? null : 'message' in read ? (
        <p class="unread">{printableMessage(read.message)}</p>
      ) : (
        <Histogram values={read} />
      )}
    </li>
  );
}
