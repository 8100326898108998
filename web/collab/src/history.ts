/** What one person can undo and redo: their own batches, whatever others did since. No I/O. */
import type { Batch } from "./batch.js";

const LONGEST = 100;

export class History {
  #undoable: Batch[] = [];
  #redoable: Batch[] = [];

  get canUndo(): boolean {
    return this.#undoable.length > 0;
  }

  get canRedo(): boolean {
    return this.#redoable.length > 0;
  }

  /** Something new was done: what was undone before can no longer be redone. */
  did(batch: Batch): void {
    push(this.#undoable, batch);
    this.#redoable = [];
  }

  /** Undo the newest batch by the one that is made for it. */
  undo(make: (undone: Batch) => Batch): Batch | null {
    return turn(this.#undoable, this.#redoable, make);
  }

  /** Undo the newest undoing. */
  redo(make: (undone: Batch) => Batch): Batch | null {
    return turn(this.#redoable, this.#undoable, make);
  }

  /** A batch was refused: there is nothing to undo. */
  forget(batch: Batch): void {
    this.#undoable = this.#undoable.filter((other) => other !== batch);
    this.#redoable = this.#redoable.filter((other) => other !== batch);
  }
}

function turn(from: Batch[], to: Batch[], make: (undone: Batch) => Batch): Batch | null {
  const undone = from.pop();
  if (!undone) return null;
  const made = make(undone);
  push(to, made);
  return made;
}

function push(batches: Batch[], batch: Batch): void {
  batches.push(batch);
  if (batches.length > LONGEST) batches.shift();
}
