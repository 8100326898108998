/**
 * What one person sees of a design: the server's canvas, and on top of it their own batches that are not in its log
 * yet, applied again whenever something comes in underneath. No I/O.
 */
import type { Batch } from "./batch.js";
import { apply, Canvas, type Dropped, type EffectiveEdit, type Element, replay } from "./canvas.js";

/** The server's canvas at one moment. */
export interface Snapshot {
  readonly seq: number;
  readonly elements: Iterable<readonly [string, Element]>;
}

/** One entry of the design's log. */
export interface Committed {
  readonly seq: number;
  readonly batchId: string;
  readonly edits: readonly EffectiveEdit[];
}

export class Replica {
  #canvas = new Canvas();
  #seq = 0;
  #pending: Batch[] = [];
  #applied = true; // whether the pending batches are on the canvas: much may come in before anybody looks again
  #living: ReadonlyMap<string, Element> | null = null;

  /** The newest batch of the log that is on the canvas. */
  get seq(): number {
    return this.#seq;
  }

  /** The elements by their keys; the same object until something changes. */
  get elements(): ReadonlyMap<string, Element> {
    this.#applyPending();
    this.#living ??= this.#canvas.living();
    return this.#living;
  }

  /** Show a batch of one's own at once, and say what of it has no effect as far as is known here. */
  show(batch: Batch): readonly Dropped[] {
    this.#applyPending();
    this.#pending.push(batch);
    this.#living = null;
    return this.#apply(batch);
  }

  /** Show a batch no longer: it was refused. */
  hide(batch: Batch): void {
    this.#rebase(() => {
      this.#pending = this.#pending.filter((other) => other !== batch);
    });
  }

  /** Begin again with a snapshot; one's own batches that it shows already are among it. */
  load(snapshot: Snapshot): void {
    this.#rebase(() => {
      this.#canvas = new Canvas(snapshot.elements);
      this.#seq = snapshot.seq;
      this.#dropShown();
    });
  }

  /** Note that the log has one's own batch: it is pending until the canvas has come that far. */
  settle(batch: Batch, seq: number): void {
    batch.seq = seq;
    if (seq <= this.#seq && this.#pending.includes(batch)) this.#rebase(() => this.#dropShown());
  }

  /**
   * Apply the next entry of the log; those that were seen before change nothing.
   *
   * @returns one's own batch, if it was one.
   * @throws LogMismatch, RangeError the entry does not follow: read the canvas, or the log, anew.
   */
  commit(entry: Committed): Batch | null {
    if (entry.seq <= this.#seq) return null;
    if (entry.seq > this.#seq + 1) throw new RangeError(`Batch ${entry.seq} came after ${this.#seq}.`);
    const own = this.#pending.find((batch) => batch.batchId === entry.batchId) ?? null;
    this.#rebase(() => {
      if (own) this.#land(own, entry.seq);
      replay(this.#canvas, entry.edits);
      this.#seq = entry.seq;
    });
    return own;
  }

  /** Take a batch from those that are pending, and learn what undoes it from where the log has it. */
  #land(own: Batch, seq: number): void {
    own.seq = seq;
    this.#apply(own);
    this.#canvas.rollBack();
    this.#pending = this.#pending.filter((batch) => batch !== own);
  }

  #dropShown(): void {
    this.#pending = this.#pending.filter(({ seq }) => seq === null || seq > this.#seq);
  }

  /** Change what is underneath the pending batches. */
  #rebase(change: () => void): void {
    this.#living = null;
    this.#canvas.rollBack();
    this.#applied = false;
    change();
    this.#canvas.keep();
  }

  #applyPending(): void {
    if (this.#applied) return;
    for (const batch of this.#pending) this.#apply(batch);
    this.#applied = true;
  }

  #apply(batch: Batch): readonly Dropped[] {
    const { dropped, inverse } = apply(this.#canvas, batch.undoes?.inverseEdits ?? batch.edits);
    batch.inverseEdits = inverse;
    return dropped;
  }
}
