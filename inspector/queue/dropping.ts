// Files dropped anywhere on the page, folders with what is in them. Only the list of files is read here; their bytes stay
// on the disk until they are sent.
import { filesPerDropMax } from './adding.ts';

export interface DropListener {
  /** Files hang over the page, or not any more. */
  readonly onOver: (over: boolean) => void;
  readonly onFiles: (files: readonly File[]) => void;
}

/** Listens on the whole page until the answer is called. */
export function listenForDrops(page: Document, listener: DropListener): () => void {
  let depth = 0;
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  const enter = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    depth++;
    listener.onOver(true);
  };
  const leave = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) listener.onOver(false);
  };
  const over = (event: DragEvent) => {
    if (hasFiles(event)) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    if (!hasFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    depth = 0;
    listener.onOver(false);
    // Entries must be taken before anything is awaited; then the list of items is gone.
    const entries = [...event.dataTransfer.items]
      .map((item) => item.webkitGetAsEntry())
      .filter((entry) => entry !== null);
    const plain = [...event.dataTransfer.files];
    if (entries.every((entry) => entry.isFile) && plain.length > 0) listener.onFiles(plain);
    else void filesIn(entries).then(listener.onFiles);
  };
  page.addEventListener('dragenter', enter);
  page.addEventListener('dragleave', leave);
  page.addEventListener('dragover', over);
  page.addEventListener('drop', drop);
  return () => {
    page.removeEventListener('dragenter', enter);
    page.removeEventListener('dragleave', leave);
    page.removeEventListener('dragover', over);
    page.removeEventListener('drop', drop);
  };
}

async function filesIn(entries: readonly FileSystemEntry[]): Promise<readonly File[]> {
  const found: File[] = [];
  const waiting = [...entries];
  while (waiting.length > 0 && found.length <= filesPerDropMax) {
    const entry = waiting.shift()!;
    if (isFile(entry)) {
      const file = await new Promise<File | undefined>((resolve) => {
        entry.file(resolve, () => resolve(undefined));
      });
      if (file) found.push(file);
    } else if (isFolder(entry)) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise<readonly FileSystemEntry[]>((resolve) => {
          reader.readEntries(resolve, () => resolve([]));
        });
        if (some.length === 0) break;
        waiting.push(...some);
      }
    }
  }
  return found;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
