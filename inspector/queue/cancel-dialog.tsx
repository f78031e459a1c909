// Cancelling asks first, because nothing brings it back. The browser's own dialog holds the focus and takes Escape for no.
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { nameParts } from './upload.ts';

export function CancelDialog() {
  const { cancelling, commands, store } = useQueue();
  const dialog = useRef<HTMLDialogElement>(null);
  const upload = cancelling.value;
  useEffect(() => {
    if (upload) dialog.current?.showModal();
    else dialog.current?.close();
  }, [upload]);
  const close = () => {
    cancelling.value = null;
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="cancel-title" onClose={close}>
      {upload ? (
        <>
          <h2 id="cancel-title">Cancel “{nameParts(upload.name).base}”?</h2>
          <p>It will not be sent. This cannot be undone: to send it after all, add it again.</p>
          <div class="choices">
            <Button onClick={close}>Keep it</Button>
            <Button
              look="danger"
              blocked={store.blocked.value}
              onClick={() => {
                close();
                void commands.cancel(upload);
              }}
            >
              Cancel it
            </Button>
          </div>
        </>
      ) : null}
    </dialog>
  );
}
