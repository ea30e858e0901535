/** What a weight file holds, and the code that rebuilds it. */

import { useState } from 'preact/hooks';
import { showBytes } from '../../../../src/cli/table.js';
import weightsUrl from '../../model.safetensors?url';
import { FileReport } from './file-report.js';
import { Picker } from './picker.js';
import { DICT_LABEL, parseDictPath } from './reading/dict-path.js';
import type { PickedFile } from './reading/protocol.js';
import { type FileActions, type OpenFile, useFile } from './use-file.js';

/** The file of the classifier, as if somebody had picked it. */
async function exampleFile(): Promise<PickedFile> {
  const response = await fetch(weightsUrl);
  const file = new File([await response.blob()], 'model.safetensors');
  return { path: file.name, file };
}

export function FileTab() {
  const [file, actions] = useFile();
  return (
    <>
      <Picker
        onFiles={actions.open}
        onExample={() => exampleFile().then((example) => actions.open([example]))}
      />
      <div aria-live="polite">
        {file.state === 'reading' && <Reading file={file} onCancel={actions.close} />}
        {file.state === 'failed' && (
          <p class="error" role="alert">
            {file.message}
          </p>
        )}
      </div>
      {file.state === 'choose' && <ChooseFile files={file.files} onFile={(one) => actions.open([one])} />}
      {(file.state === 'open' || file.state === 'failed') && <DictField file={file} actions={actions} />}
      {file.report && (
        <FileReport report={file.report} values={file.values} readValues={actions.readValues} />
      )}
    </>
  );
}

function Reading({ file, onCancel }: { readonly file: OpenFile; readonly onCancel: () => void }) {
  const { progress, files } = file;
  const size = files.reduce((sum, { file: { size } }) => sum + size, 0);
  return (
    <div class="reading">
      <label>
        Reading {showBytes(size)}
        <progress max={progress?.total ?? size} value={progress?.loaded} />
      </label>
      <button type="button" class="button" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

interface ChooseFileProps {
  readonly files: readonly PickedFile[];
  readonly onFile: (file: PickedFile) => void;
}

function ChooseFile({ files, onFile }: ChooseFileProps) {
  return (
    <section class="choose" aria-labelledby="choose-title">
      <h2 id="choose-title">Which of these files?</h2>
      <ul>
        {files.map((each) => (
          <li key={each.path}>
            <button type="button" class="chip" onClick={() => onFile(each)}>
              {each.path} <span>{showBytes(each.file.size)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Of a checkpoint that holds several dicts, the one to read. */
function DictField({ file, actions }: { readonly file: OpenFile; readonly actions: FileActions }) {
  const [text, setText] = useState('');
  const isAsked = file.message.includes(DICT_LABEL) || text !== '' || (file.report?.path.length ?? 0) > 0;
  if (!isAsked) return null;
  return (
    <form
      class="dict"
      onSubmit={(event) => {
        event.preventDefault();
        actions.open(file.files, parseDictPath(text));
      }}
    >
      <label for="dict">{DICT_LABEL}</label>
      <input
        id="dict"
        type="text"
        value={text}
        placeholder={file.report?.path.join('/')}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit" class="button">
        Read it
      </button>
    </form>
  );
}
