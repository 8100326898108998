/** A batch of one's own on its way into the log, and how it is kept while the app is closed. */
import type { Edit, InverseEdit } from "./canvas.js";

/** Made once; its id stays when it is sent again, so that it is applied once. */
export interface Batch {
  readonly batchId: string;
  /** The newest batch that its author saw. */
  readonly baseSeq: number;
  /** None where it undoes another. */
  readonly edits: readonly Edit[];
  readonly undoes: Undoable | null;
  /** Its number in the log, once that is known. */
  seq: number | null;
  /** Names to the server what would undo it, once it was acknowledged. */
  inverse: string | null;
  /** What would undo it here, as far as is known. */
  inverseEdits: readonly InverseEdit[];
}

/** What must be known of a batch to undo it. */
export type Undoable = Pick<Batch, "batchId" | "inverse" | "inverseEdits">;

/** A batch as JSON. */
export interface StoredBatch {
  readonly batchId: string;
  readonly baseSeq: number;
  readonly edits: readonly Edit[];
  readonly undoes: Undoable | null;
}

/** What an app keeps of a session while it is closed: what was not acknowledged yet. */
export interface StoredQueue {
  readonly designId: string;
  readonly batches: readonly StoredBatch[];
}

export function newBatch(batchId: string, baseSeq: number, edits: readonly Edit[], undoes: Undoable | null): Batch {
  return { batchId, baseSeq, edits, undoes, seq: null, inverse: null, inverseEdits: [] };
}

export function stored({ batchId, baseSeq, edits, undoes }: Batch): StoredBatch {
  const undone = undoes && {
    batchId: undoes.batchId,
    inverse: undoes.inverse,
    inverseEdits: undoes.inverseEdits,
  };
  return { batchId, baseSeq, edits, undoes: undone };
}

/** Return stored batches as they were; what undoes one that was stored with it undoes the very same. */
export function restored(batches: readonly StoredBatch[]): Batch[] {
  const byId = new Map<string, Batch>();
  for (const { batchId, baseSeq, edits, undoes } of batches) {
    byId.set(batchId, newBatch(batchId, baseSeq, edits, undoes && (byId.get(undoes.batchId) ?? undoes)));
  }
  return [...byId.values()];
}
