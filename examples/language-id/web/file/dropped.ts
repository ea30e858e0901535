/** The files of a drop, those inside folders too. */

import type { PickedFile } from './reading/protocol.js';

/** Must be called while the event is handled: its list is empty later. */
export async function droppedFiles(data: DataTransfer): Promise<PickedFile[]> {
  const files = [...data.items].map((item) => {
    const entry = item.webkitGetAsEntry();
    // What other programs drop may have no entry in a file system.
    return entry ? filesIn(entry) : withoutEntry(item.getAsFile());
  });
  return (await Promise.all(files)).flat();
}

function withoutEntry(file: File | null): PickedFile[] {
  return file ? [{ path: file.name, file }] : [];
}

async function filesIn(entry: FileSystemEntry): Promise<PickedFile[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: PickedFile[] = [];
  // Each call gives some entries, and the last none.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return inside;
    for (const each of entries) inside.push(...(await filesIn(each)));
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** The files of an input; of a folder their paths begin with its name. */
export function pickedFiles(list: FileList | null): PickedFile[] {
  return [...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
