/** A model of the server: one ordered log, each batch once. The rules of merging are the core's own. */
import { apply, Canvas, type Edit, type EffectiveEdit, type InverseEdit, replay } from "../src/canvas.js";
import type { DropReason } from "../src/generated.js";
import type { Committed, Snapshot } from "../src/replica.js";

export interface Entry extends Committed {
  readonly dropped: readonly { index: number; reason: DropReason }[];
  readonly inverse: readonly InverseEdit[];
}

export class Server {
  readonly canvas = new Canvas();
  readonly log: Entry[] = [];

  get seq(): number {
    return this.log.length;
  }

  /** Append a batch, with what the server itself adds to it; the same again is answered as before. */
  append(batchId: string, edits: readonly (Edit | InverseEdit)[], added: readonly EffectiveEdit[] = []): Entry {
    const known = this.log.find((entry) => entry.batchId === batchId);
    if (known) return known;
    const { effective, dropped, inverse } = apply(this.canvas, edits);
    replay(this.canvas, added);
    effective.push(...added);
    const entry = { seq: this.seq + 1, batchId, edits: copied(effective), dropped, inverse };
    this.log.push(entry);
    return entry;
  }

  /** Append what undoes another batch. */
  undo(batchId: string, undone: string): Entry {
    return this.append(batchId, this.log.find((entry) => entry.batchId === undone)?.inverse ?? []);
  }

  snapshot(): Snapshot {
    return { seq: this.seq, elements: copied([...this.canvas.living()]) };
  }
}

/** What goes over the wire is never the very same object. */
function copied<Value extends readonly EffectiveEdit[] | [string, unknown][]>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
