/** Convergence: whatever the network does, everybody ends with the server's canvas, and each batch is in it once. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { type Batch, newBatch } from "../src/batch.js";
import type { Edit } from "../src/canvas.js";
import { History } from "../src/history.js";
import { Replica } from "../src/replica.js";
import { batches, sofa } from "./edits.js";
import { type Entry, Server } from "./server.js";

/** One person: a replica and the batches that have no answer yet. */
class Person {
  readonly replica = new Replica();
  readonly history = new History();
  readonly made: Batch[] = [];
  queue: Batch[] = [];
  #count = 0;

  constructor(
    readonly name: string,
    readonly server: Server,
  ) {}

  edit(edits: readonly Edit[]): void {
    const batch = this.#batch(edits, null);
    this.history.did(batch);
    this.#show(batch);
  }

  undo(): void {
    this.#show(this.history.undo((undone) => this.#batch([], undone)));
  }

  redo(): void {
    this.#show(this.history.redo((undone) => this.#batch([], undone)));
  }

  /** Have the oldest batch arrive; the answer may be lost on the way back. */
  send(answered: boolean): void {
    const [batch] = this.queue;
    if (!batch) return;
    const { batchId, edits, undoes } = batch;
    const entry = undoes ? this.server.undo(batchId, undoes.inverse ?? "") : this.server.append(batchId, edits);
    if (answered) this.#answer(batch, entry);
  }

  /** Hear of the next entry of the log. */
  hear(): void {
    const entry = this.server.log[this.replica.seq];
    if (entry) this.replica.commit(entry);
  }

  resync(): void {
    this.replica.load(this.server.snapshot());
  }

  catchUp(): void {
    while (this.queue.length) this.send(true);
    while (this.replica.seq < this.server.seq) this.hear();
  }

  #batch(edits: readonly Edit[], undoes: Batch | null): Batch {
    this.#count += 1;
    return newBatch(`${this.name}${this.#count}`, this.replica.seq, edits, undoes);
  }

  #show(batch: Batch | null): void {
    if (!batch) return;
    this.made.push(batch);
    this.queue.push(batch);
    this.replica.show(batch);
  }

  #answer(batch: Batch, { seq, batchId }: Entry): void {
    this.queue = this.queue.filter((other) => other !== batch);
    batch.inverse = batchId;
    this.replica.settle(batch, seq);
  }
}

type Step = (person: Person) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: batches.map((edits): Step => (person) => person.edit(edits)) },
  { weight: 1, arbitrary: fc.constant<Step>((person) => person.undo()) },
  { weight: 1, arbitrary: fc.constant<Step>((person) => person.redo()) },
  { weight: 4, arbitrary: fc.boolean().map((answered): Step => (person) => person.send(answered)) },
  { weight: 5, arbitrary: fc.constant<Step>((person) => person.hear()) },
);
const resync: fc.Arbitrary<Step> = fc.constant((person) => person.resync());

function acted(step: fc.Arbitrary<Step>) {
  return fc.array(fc.tuple(fc.nat({ max: 2 }), step), { maxLength: 60 });
}

function people(): [Server, Person[]] {
  const server = new Server();
  return [server, ["a", "b", "c"].map((name) => new Person(name, server))];
}

test("any interleaving, offline spells and snapshots included, ends in one canvas, with each batch once", () => {
  fc.assert(
    fc.property(acted(fc.oneof({ weight: 12, arbitrary: steps }, { weight: 1, arbitrary: resync })), (acts) => {
      const [server, all] = people();
      for (const [who, step] of acts) step(all[who]!);
      for (const person of all) person.catchUp();
      for (const person of all) {
        person.catchUp();
        assert.deepEqual(person.replica.elements, server.canvas.living());
      }
      const logged = server.log.map(({ batchId }) => batchId);
      const made = all.flatMap((person) => person.made.map(({ batchId }) => batchId));
      assert.deepEqual(logged.sort(), made.sort());
    }),
    { numRuns: 1000 },
  );
});

test("what is shown is the server's canvas with one's own pending batches on top, at every moment", () => {
  fc.assert(
    fc.property(acted(steps), (acts) => {
      const [server, all] = people();
      for (const [who, step] of acts) {
        const person = all[who]!;
        step(person);
        assert.deepEqual(person.replica.elements, shown(server, person));
      }
    }),
    { numRuns: 300 },
  );
});

/** What a person must see, by the definition: everything that is in the log so far, then what is not. */
function shown(server: Server, person: Person): ReadonlyMap<string, unknown> {
  const follower = new Replica();
  for (const entry of server.log.slice(0, person.replica.seq)) follower.commit(entry);
  const landed = new Set(server.log.slice(0, person.replica.seq).map(({ batchId }) => batchId));
  for (const batch of person.made.filter(({ batchId }) => !landed.has(batchId))) follower.show({ ...batch });
  return follower.elements;
}

test("a batch of somebody else moves underneath one's own", () => {
  const [server, [ana, bea]] = people() as [Server, [Person, Person]];
  ana.edit([sofa("sofa")]);
  ana.catchUp();
  bea.catchUp();
  ana.edit([{ edit: "set", key: "sofa", x: 10 }]);
  bea.edit([{ edit: "set", key: "sofa", x: 20, y: 20 }]);
  bea.catchUp();
  ana.hear();
  assert.deepEqual(position(ana), [10, 20]); // Ana's is not in the log yet, and will be later than Bea's
  bea.edit([{ edit: "remove", key: "sofa" }]);
  bea.catchUp();
  ana.hear();
  assert.equal(ana.replica.elements.size, 0);
  ana.catchUp();
  assert.deepEqual(server.log.at(-1)?.dropped, [{ index: 0, reason: "REMOVED" }]);
});

function position(person: Person): (number | undefined)[] {
  const element = person.replica.elements.get("sofa");
  return [element?.x, element?.y];
}

test("siblings that the server gives new keys keep their order under one's own batches", () => {
  const [server, [ana, bea]] = people() as [Server, [Person, Person]];
  ana.edit([sofa("low", { order: "A" }), sofa("high", { order: "B" })]);
  ana.catchUp();
  bea.catchUp();
  ana.edit([sofa("ana", { order: "AV" })]);
  bea.edit([sofa("bea", { order: "AV" }), { edit: "set", key: "low", x: 5 }]);
  assert.deepEqual(order(bea), ["low", "bea", "high"]);
  const [batch] = ana.queue as [Batch];
  const moved = (key: string, order: string) => ({ edit: "move", key, parent: null, order }) as const;
  server.append(batch.batchId, batch.edits, [moved("low", "AU0000"), moved("ana", "AUV000"), moved("high", "AUz000")]);
  bea.hear();
  assert.deepEqual(order(bea), ["low", "ana", "high", "bea"]); // Bea's key is an old one; the server will see to it
  assert.equal(bea.replica.elements.get("low")?.x, 5);
  const [own] = bea.queue as [Batch];
  server.append(own.batchId, own.edits, [moved("bea", "AUk000")]);
  for (const person of [ana, bea]) {
    person.catchUp();
    assert.deepEqual(order(person), ["low", "ana", "bea", "high"]);
    assert.deepEqual(person.replica.elements, server.canvas.living());
  }
  ana.undo();
  ana.catchUp();
  assert.deepEqual([order(ana), ana.queue], [["low", "bea", "high"], []]);
});

function order(person: Person): string[] {
  const elements = [...person.replica.elements];
  return elements.sort(([, a], [, b]) => (a.order < b.order ? -1 : 1)).map(([key]) => key);
}

test("a hole in the log is noticed", () => {
  const [server, [ana, bea]] = people() as [Server, [Person, Person]];
  ana.edit([sofa("sofa")]);
  ana.edit([sofa("table")]);
  ana.catchUp();
  assert.throws(() => bea.replica.commit(server.log[1]!), RangeError);
});
