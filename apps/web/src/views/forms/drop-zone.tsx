import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { open } from '../../state/actions.ts';
import { droppedFiles, filesChoice } from '../../state/files.ts';

/** Opens a model that is dropped anywhere on the page. */
export function DropZone() {
  const over = useSignal(false);
  useEffect(() => {
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const drag = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over.value = true;
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) over.value = false;
    };
    const drop = async (event: DragEvent): Promise<void> => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over.value = false;
      const files = await droppedFiles(event.dataTransfer!);
      if (files.length === 0) return;
      await open(filesChoice(files));
    };
    const gone = new AbortController();
    const { signal } = gone;
    document.addEventListener('dragover', drag, { signal });
    document.addEventListener('dragleave', leave, { signal });
    document.addEventListener('drop', (event) => void drop(event), { signal });
    return () => gone.abort();
  }, []);
  return over.value ? <p class="drop-note">Drop a model folder or a GGUF file</p> : null;
}
