/** The parts of a report: totals, modules, code, tensors. */

import { printable, printableMessage, printableSentence } from '../../../../src/cli/printable.js';
import { plural, showBytes, showCount } from '../../../../src/cli/table.js';
import { Code } from './code.js';
import type { Report } from './reading/protocol.js';
import { TensorList } from './tensor-list.js';
import type { Read } from './use-file.js';

export interface FileReportProps {
  readonly report: Report;
  readonly values: ReadonlyMap<string, Read>;
  readonly readValues: (names: readonly string[]) => void;
}

export function FileReport({ report, values, readValues }: FileReportProps) {
  const { format, files, path, tensors, elements, bytes, metadata, warnings, unknownGlobals } = report;
  return (
    <>
      <section class="totals" aria-labelledby="totals-title">
        <h2 id="totals-title">{printable(report.source)}</h2>
        <p class="hint">
          {files === 1 ? format : `${format} in ${files} files`}
          {path.length > 0 && `, dict ${path.map(printable).join(' / ')}`}
        </p>
        <dl class="figures">
          <Figure name="Tensors" value={showCount(tensors.length)} />
          <Figure name="Elements" value={showCount(elements)} />
          <Figure name="Size" value={showBytes(bytes)} />
        </dl>
        {warnings.map((warning) => (
          <p key={warning} class="hint">
            {printableMessage(warning)}
          </p>
        ))}
        {unknownGlobals.length > 0 && (
          <p class="hint">
            The file names Python code that this package does not know:{' '}
            {unknownGlobals.map(printable).join(', ')}. None is run.
          </p>
        )}
        {metadata.length > 0 && (
          <dl class="metadata">
            {metadata.map(({ key, value }) => (
              <div key={key}>
                <dt>{printable(key)}</dt>
                <dd>{printable(value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <Modules report={report} />
      <Code text={report.code} />
      <TensorList report={report} values={values} readValues={readValues} />
    </>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** As many are shown at first. */
const MOST_MODULES = 100;

function Modules({ report: { modules, weightless } }: { readonly report: Report }) {
  return (
    <section class="modules" aria-labelledby="modules-title">
      <h2 id="modules-title">{plural(modules.length, 'module')}</h2>
      <ul>
        {modules.slice(0, MOST_MODULES).map(({ path, torch, doubts, notes }) => (
          <li key={path}>
            <code>{nameOf(path)}</code>
            <div>
              <strong>{torch}</strong>
              {doubts.length > 0 && (
                <p class="hint">Not stored: {doubts.map(printableSentence).join('; ')}.</p>
              )}
              {notes.map((note) => (
                <p key={note} class="hint">
                  {printableSentence(note)}.
                </p>
              ))}
            </div>
          </li>
        ))}
        {weightless.slice(0, MOST_MODULES).map(({ path, class: className }) => (
          <li key={path}>
            <code>{nameOf(path)}</code>
            <div>
              {printable(className)} <span class="hint">without weights</span>
            </div>
          </li>
        ))}
      </ul>
      {modules.length > MOST_MODULES && (
        <p class="hint">and {showCount(modules.length - MOST_MODULES)} more</p>
      )}
    </section>
  );
}

function nameOf(path: string): string {
  return path === '' ? '(root)' : printable(path);
}
