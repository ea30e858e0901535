/** Ways to open a file or a folder: buttons, and a place to drop it. */

import { useRef, useState } from 'preact/hooks';
import { droppedFiles, pickedFiles } from './dropped.js';
import type { PickedFile } from './reading/protocol.js';

/** Not in the types of preact. */
const OF_FOLDERS = { webkitdirectory: true };

export interface PickerProps {
  readonly onFiles: (files: readonly PickedFile[]) => void;
  /** Opens the model of this page. */
  readonly onExample: () => void;
}

export function Picker({ onFiles, onExample }: PickerProps) {
  const [isOver, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const onChange = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    const files = pickedFiles(currentTarget.files);
    // The same file again is another choice.
    currentTarget.value = '';
    if (files.length > 0) onFiles(files);
  };
  const onDrop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const files = event.dataTransfer ? await droppedFiles(event.dataTransfer) : [];
    if (files.length > 0) onFiles(files);
  };
  return (
    <section
      class={isOver ? 'picker over' : 'picker'}
      aria-label="Open a file"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <p>
        Drop a file of weights or a folder here: safetensors, <code>torch.save</code>, NumPy, pickle or JSON.
        It stays on this machine.
      </p>
      <div class="actions">
        <button type="button" class="button primary" onClick={() => file.current?.click()}>
          Open a file
        </button>
        <button type="button" class="button" onClick={() => folder.current?.click()}>
          Open a folder
        </button>
        <button type="button" class="button" onClick={onExample}>
          Open the model of this page
        </button>
      </div>
      <input ref={file} type="file" data-picker="file" hidden onChange={onChange} />
      <input ref={folder} type="file" data-picker="folder" hidden {...OF_FOLDERS} onChange={onChange} />
    </section>
  );
}
