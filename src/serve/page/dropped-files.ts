/** Files dropped anywhere on the page. */
import { find } from './dom.ts';

/** Listens. @param onFile told of the first file */
export function onDroppedFile(onFile: (file: File) => void): void {
  const veil = find('drop-veil');
  let depth = 0;
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  const show = (): void => {
    veil.hidden = depth <= 0;
  };
  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth++;
    show();
  });
  addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth--;
    show();
  });
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    depth = 0;
    show();
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    onFile(file);
  });
}
