/** Asks the reader for the server's key. */
import { find } from './dom.ts';

/** Opens the dialog until a key is given. @param wasWrong whether the server refused the one before */
export function askForKey(wasWrong: boolean): Promise<string> {
  const dialog = find<HTMLDialogElement>('key-dialog');
  const input = find<HTMLInputElement>('key');
  find('key-problem').textContent = wasWrong ? 'The server refused that key.' : '';
  input.value = '';
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = (): void => {
      const key = input.value;
      input.value = '';
      // Closed by Escape: nothing can be asked without it.
      if (key === '') dialog.showModal();
      else {
        dialog.removeEventListener('close', onClose);
        resolve(key);
      }
    };
    dialog.addEventListener('close', onClose);
  });
}
