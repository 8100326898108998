/**
 * One person on one design: shows their edits at once, sends them one batch after another, follows what others do,
 * and goes on where it was after any disconnect.
 */
import { type Batch, newBatch, restored, stored, type StoredQueue } from "./batch.js";
import type { Dropped, Edit, Element } from "./canvas.js";
import type { Answer, Connection } from "./connection.js";
import { ConnectionLost, Refusal } from "./failures.js";
import { History } from "./history.js";
import { Pace, type PaceOptions } from "./pace.js";
import { Replica } from "./replica.js";
import { committedOf, type DesignEvent, inputOf } from "./wire.js";

/** `live`: connected, or so it seems; `ended`: the viewer may not follow this design, and `problem` says why. */
export type Status = "offline" | "connecting" | "live" | "ended";

/** What an app shows: never altered, and the same object until something changes. */
export interface View {
  readonly status: Status;
  /** What went wrong last, for people; null while all is well. */
  readonly problem: string | null;
  /** Whether the canvas was read; before that, `elements` are one's own alone. */
  readonly loaded: boolean;
  /** The newest batch that is shown. */
  readonly seq: number;
  readonly elements: ReadonlyMap<string, Element>;
  /** How many of one's own batches are not known to be in the log. */
  readonly pending: number;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** An element that others had changed, too: which of its properties, and in which batch last. */
export interface Overwritten {
  readonly key: string;
  readonly properties: readonly string[];
  readonly seq: number;
}

/**
 * A batch is durable. `dropped` are those of its edits that did not take effect, `overwritten` what it changed of that
 * which others had changed since it was made.
 */
export interface Acknowledged {
  readonly batchId: string;
  readonly seq: number;
  readonly dropped: readonly Dropped[];
  readonly overwritten: readonly Overwritten[];
}

/** A batch was refused and is shown no longer. `code` is the API's `ErrorCode`; null: the server could not. */
export interface Refused {
  readonly batchId: string;
  readonly edits: readonly Edit[];
  readonly code: string | null;
  readonly message: string;
  readonly path: readonly string[];
}

export interface SessionOptions extends PaceOptions {
  readonly designId: string;
  readonly connection: Connection;
  /** What `toJSON` gave when the app was last closed. */
  readonly queue?: StoredQueue;
  readonly onAcknowledged?: (acknowledged: Acknowledged) => void;
  readonly onRefused?: (refused: Refused) => void;
  /** Makes the batches' ids. */
  readonly uuid?: () => string;
}

const MOST_EDITS = 500;
const MOST_FAILURES = 8; // answers that are neither an acknowledgement nor a refusal, before a batch is given up

export class Session {
  readonly #options: SessionOptions;
  readonly #pace: Pace;
  readonly #replica = new Replica();
  readonly #history = new History();
  readonly #listeners = new Set<() => void>();
  readonly #uuid: () => string;
  #queue: Batch[]; // those without an answer, oldest first
  #status: Status = "offline";
  #problem: string | null = null;
  #loaded = false;
  #view: View | null = null;
  #online = new AbortController();
  #wake: () => void = () => {}; // called when there may be something to send, or no longer a way

  constructor(options: SessionOptions) {
    const { designId, queue } = options;
    if (queue && queue.designId !== designId) throw new RangeError(`The queue is that of ${queue.designId}.`);
    this.#options = options;
    this.#pace = new Pace(options);
    this.#uuid = options.uuid ?? (() => crypto.randomUUID());
    this.#queue = restored(queue?.batches ?? []);
    for (const batch of this.#queue) this.#replica.show(batch);
  }

  /** Call `listener` on every change, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What is to be shown now. */
  readonly getSnapshot = (): View => {
    this.#view ??= {
      status: this.#status,
      problem: this.#problem,
      loaded: this.#loaded,
      seq: this.#replica.seq,
      elements: this.#replica.elements,
      pending: this.#queue.filter(({ seq }) => seq === null).length,
      canUndo: this.#history.canUndo,
      canRedo: this.#history.canRedo,
    };
    return this.#view;
  };

  /** Return what is not acknowledged yet, for an app to keep while it is closed. */
  toJSON(): StoredQueue {
    return { designId: this.#options.designId, batches: this.#queue.map(stored) };
  }

  /**
   * Go online: read the canvas if it was not read yet, send what waits, and follow. While it waits before it connects
   * again, this has it try at once.
   */
  online(): void {
    if (this.#status === "live" || this.#status === "ended") return;
    this.#online.abort();
    this.#online = new AbortController();
    this.#pace.succeeded();
    this.#become("connecting");
    void this.#stayConnected(this.#online.signal);
  }

  /** Go offline: editing goes on, and waits. */
  offline(): void {
    if (this.#status === "ended" || this.#status === "offline") return;
    this.#leave("offline");
  }

  /**
   * Apply 1 to 500 edits together, at once, and have them sent.
   *
   * @returns the batch's id, and what of it has no effect as far as is known here.
   */
  edit(edits: readonly Edit[]): { batchId: string; dropped: readonly Dropped[] } {
    if (edits.length < 1 || edits.length > MOST_EDITS) {
      throw new RangeError(`A batch has 1 to ${MOST_EDITS} edits; this one has ${edits.length}.`);
    }
    const batch = newBatch(this.#uuid(), this.#replica.seq, edits, null);
    this.#history.did(batch);
    return { batchId: batch.batchId, dropped: this.#enqueue(batch) };
  }

  /** Undo one's own newest batch, whatever others did since; it is sent once that batch is acknowledged. */
  undo(): string | null {
    return this.#turnBack(this.#history.undo((undone) => this.#undoing(undone)));
  }

  /** Do again what was undone last. */
  redo(): string | null {
    return this.#turnBack(this.#history.redo((undone) => this.#undoing(undone)));
  }

  #undoing(undone: Batch): Batch {
    return newBatch(this.#uuid(), this.#replica.seq, [], undone);
  }

  #turnBack(batch: Batch | null): string | null {
    if (batch) this.#enqueue(batch);
    return batch && batch.batchId;
  }

  #enqueue(batch: Batch): readonly Dropped[] {
    const dropped = this.#replica.show(batch);
    this.#queue.push(batch);
    this.#wake();
    this.#changed();
    return dropped;
  }

  /** Connect again and again, each time a little later, until the signal says that this is over. */
  async #stayConnected(online: AbortSignal): Promise<void> {
    while (!online.aborted) {
      const attempt = new AbortController();
      const abort = () => {
        attempt.abort();
        this.#wake();
      };
      online.addEventListener("abort", abort);
      try {
        if (!this.#loaded) await this.#load(attempt.signal);
        if (online.aborted) return;
        await Promise.race([this.#follow(attempt.signal), this.#sendAll(attempt.signal)]);
      } catch (error) {
        if (online.aborted) return;
        this.#failed(error);
      } finally {
        online.removeEventListener("abort", abort);
        abort();
      }
      await this.#pace.pause(online);
    }
  }

  async #load(signal: AbortSignal): Promise<void> {
    const snapshot = await this.#options.connection.snapshot(this.#options.designId, signal);
    if (signal.aborted) return; // somebody may have gone online again meanwhile
    if (!snapshot) throw new Refusal("There is no such design.", "NOT_FOUND");
    this.#replica.load(snapshot);
    this.#loaded = true;
    this.#changed();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const abort = () => over.abort();
    signal.addEventListener("abort", abort);
    const listener = {
      opened: () => this.#become("live"),
      heard: (event: DesignEvent) => {
        if (over.signal.aborted) return;
        this.#pace.succeeded();
        if (!this.#hear(event)) abort();
      },
    };
    await this.#options.connection.follow(this.#options.designId, this.#replica.seq, listener, over.signal);
    signal.removeEventListener("abort", abort);
    if (!signal.aborted) this.#become("connecting");
  }

  /** Take an event in; false where it says to subscribe anew. */
  #hear(event: DesignEvent): boolean {
    switch (event.__typename) {
      case "EditsCommitted":
        this.#replica.commit(committedOf(event));
        this.#changed();
        return true;
      case "Heartbeat":
        return event.seq <= this.#replica.seq; // else a message was lost
      case "ResyncRequired":
        this.#loaded = false;
        return false;
      case "AccessChanged":
        this.#end(event.message);
        return false;
      default:
        return true; // it is not about the canvas
    }
  }

  /** Send what waits, one batch after another, for as long as the connection holds. */
  async #sendAll(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const [batch] = this.#queue;
      if (!batch) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      try {
        const answer = await this.#send(batch);
        if (answer.__typename === "RateLimited") await this.#pace.rest(answer.retryAfter, signal);
        else this.#answered(batch, answer);
        failures = 0;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        failures += error.code === "UNAVAILABLE" ? 0 : 1;
        if (error.final || failures === MOST_FAILURES) {
          this.#refuse(batch, error);
          failures = 0;
        } else {
          await this.#pace.pause(signal);
        }
      }
    }
  }

  #send({ batchId, baseSeq, edits, undoes }: Batch): Promise<Answer> {
    const { connection, designId } = this.#options;
    const base = Math.min(baseSeq, this.#replica.seq); // a server that was restored may be behind what was seen once
    if (!undoes) return connection.send(designId, batchId, base, edits.map(inputOf));
    if (undoes.inverse === null) throw new Refusal("What it would undo was never acknowledged.", "NOT_FOUND");
    return connection.undo(designId, batchId, undoes.inverse);
  }

  #answered(batch: Batch, answer: Answer): void {
    this.#pace.succeeded();
    if (answer.__typename === "NotSignedIn") throw new ConnectionLost(answer.message); // a new token may be good
    if (answer.__typename !== "EditsApplied") throw new Refusal(answer.message, answer.code, answer.path ?? []);
    if (!this.#queue.includes(batch)) return; // the answer to an earlier attempt has come meanwhile
    const { seq, dropped, overwritten, inverse } = answer;
    batch.inverse = inverse;
    this.#queue = this.#queue.filter((other) => other !== batch);
    this.#replica.settle(batch, seq);
    this.#options.onAcknowledged?.({ batchId: batch.batchId, seq, dropped, overwritten });
    this.#problem = null;
    this.#changed();
  }

  /** Take a batch back, and with it what would have undone it. */
  #refuse(batch: Batch, { code, message, path }: Refusal): void {
    if (!this.#queue.includes(batch)) return;
    this.#queue = this.#queue.filter((other) => other !== batch);
    this.#replica.hide(batch);
    this.#history.forget(batch);
    this.#options.onRefused?.({ batchId: batch.batchId, edits: batch.edits, code, message, path });
    for (const other of this.#queue.filter(({ undoes }) => undoes === batch)) {
      this.#refuse(other, new Refusal(message, code));
    }
    this.#changed();
  }

  #failed(error: unknown): void {
    if (error instanceof Refusal && error.final) {
      this.#end(error.message);
      return;
    }
    if (!(error instanceof ConnectionLost || error instanceof Refusal)) this.#loaded = false; // the log does not fit
    this.#problem = error instanceof Error ? error.message : String(error);
    this.#become("connecting");
  }

  #end(message: string): void {
    this.#problem = message;
    this.#leave("ended");
  }

  #leave(status: "offline" | "ended"): void {
    this.#online.abort();
    this.#options.connection.drop();
    this.#become(status);
  }

  #become(status: Status): void {
    if (status === "live") this.#problem = null;
    this.#status = status;
    this.#changed();
  }

  #changed(): void {
    this.#view = null;
    for (const listener of [...this.#listeners]) listener();
  }
}
