// The page's two small windows: the keys, and how to take this history home as one file.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Inspection } from './inspection.ts';
import { keyWords } from './keys.ts';
import { plural } from './words.ts';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own: it keeps the focus inside, Esc closes it and the focus goes back where it was. */
function Dialog({ title, onClose, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  return (
    <dialog ref={box} class="dialog" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
      <button type="button" class="button" onClick={() => box.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {keyWords.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export function ExportDialog(props: { readonly inspection: Inspection; readonly onClose: () => void }) {
  const { inspection, onClose } = props;
  const link = inspection.source.exportLink;
  const { columns } = inspection;
  return (
    <Dialog title="Take this history home" onClose={onClose}>
      <p>
        One HTML file with the log, the machines and this inspector. It opens with a double-click, without a
        network; names are replaced unless you ask otherwise.
      </p>
      {link ? (
        <p>
          <a class="button" href={link.href} download={link.name}>
            Save {link.name}
          </a>
        </p>
      ) : (
        <p>
          On the computer that runs tender: <code>tender bundle</code>. The daemon may be stopped.
        </p>
      )}
      <p class="quiet">This page holds {plural(Math.max(0, columns.last - columns.first + 1), 'record')}.</p>
    </Dialog>
  );
}
