/** A connection to the model of the server, which can be cut and can say what it likes. */
import type { Answer, Connection, Listener } from "../src/connection.js";
import { ConnectionLost } from "../src/failures.js";
import type { DesignEditInput } from "../src/generated.js";
import type { Edit, EffectiveEdit } from "../src/canvas.js";
import type { Snapshot } from "../src/replica.js";
import type { DesignEvent } from "../src/wire.js";
import { type Entry, Server } from "./server.js";

type Following = { afterSeq: number; listener: Listener; end: () => void; fail: (error: Error) => void };

export class Wire implements Connection {
  readonly server: Server;
  readonly sent: string[] = [];
  readonly followed: number[] = [];
  snapshots = 0;
  /** What happens to answers: told at once, lost with the connection, or kept back until `release`. */
  answers: "told" | "lost" | "held" = "told";
  /** Whether what is written is heard at once. */
  live = true;
  /** Said instead of an answer, unless it is null. */
  instead: (() => Answer | null) | null = null;
  /** What a request for the canvas fails with. */
  unreachable: Error | null = null;
  following: Following | null = null;
  readonly #held: (() => void)[] = [];

  constructor(server = new Server()) {
    this.server = server;
  }

  async snapshot(): Promise<Snapshot | null> {
    if (this.unreachable) throw this.unreachable;
    this.snapshots += 1;
    return this.server.snapshot();
  }

  follow(_designId: string, afterSeq: number, listener: Listener, signal: AbortSignal): Promise<void> {
    this.followed.push(afterSeq);
    return new Promise((resolve, reject) => {
      this.following = { afterSeq, listener, end: resolve, fail: reject };
      signal.addEventListener("abort", () => resolve());
      listener.opened();
      if (this.live) this.tell();
    });
  }

  send(_designId: string, batchId: string, _baseSeq: number, edits: DesignEditInput[]): Promise<Answer> {
    return this.#write(batchId, () => this.server.append(batchId, edits.map(editOf)));
  }

  undo(_designId: string, batchId: string, inverse: string): Promise<Answer> {
    return this.#write(batchId, () => this.server.undo(batchId, inverse.replace("inverse of ", "")));
  }

  drop(): void {
    this.following?.fail(new ConnectionLost("dropped"));
  }

  /** Tell whoever follows of everything that they have not heard. */
  tell(): void {
    const { following } = this;
    if (!following) return;
    for (const entry of this.server.log.slice(following.afterSeq)) this.say(eventOf(entry));
    following.afterSeq = this.server.seq;
  }

  /** Tell whoever follows of something; what they make of it may end the subscription. */
  say(event: DesignEvent): void {
    try {
      this.following?.listener.heard(event);
    } catch (error) {
      this.following?.fail(error as Error);
    }
  }

  /** Let the answers through that were kept back. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  async #write(batchId: string, append: () => Entry): Promise<Answer> {
    this.sent.push(batchId);
    const instead = this.instead?.();
    if (instead) return instead;
    const { seq, dropped } = append();
    if (this.live) this.tell();
    if (this.answers === "lost") {
      this.drop();
      throw new ConnectionLost("lost");
    }
    if (this.answers === "held") await new Promise<void>((resolve) => this.#held.push(resolve));
    return { __typename: "EditsApplied", seq, dropped: [...dropped], overwritten: [], inverse: `inverse of ${batchId}` };
  }
}

function editOf({ addElement, setElement, removeElement, moveElement }: DesignEditInput): Edit {
  if (addElement) return { edit: "add", ...(addElement as Omit<Extract<Edit, { edit: "add" }>, "edit">) };
  if (setElement) return { edit: "set", ...(setElement as Omit<Extract<Edit, { edit: "set" }>, "edit">) };
  if (removeElement) return { edit: "remove", ...removeElement };
  return { edit: "move", ...(moveElement as Omit<Extract<Edit, { edit: "move" }>, "edit">) };
}

export function eventOf({ seq, batchId, edits }: Entry): DesignEvent {
  return { __typename: "EditsCommitted", seq, batchId, edits: edits.map(loggedOf) };
}

type Logged = Extract<DesignEvent, { __typename: "EditsCommitted" }>["edits"][number];

function loggedOf(effective: EffectiveEdit): Logged {
  switch (effective.edit) {
    case "add":
      return { __typename: "ElementAdded", ...effective };
    case "set": {
      const { x = null, y = null, width = null, height = null, rotation = null, props = null } = effective;
      return { __typename: "ElementSet", key: effective.key, patch: { x, y, width, height, rotation, props } };
    }
    case "remove":
      return { __typename: "ElementRemoved", key: effective.key, keys: [...effective.keys] };
    case "move":
      return { __typename: "ElementMoved", ...effective };
  }
}
