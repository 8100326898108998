import assert from "node:assert/strict";
import { setImmediate as soon } from "node:timers/promises";
import { test } from "node:test";

import { ConnectionLost, Refusal } from "../src/failures.js";
import { type Acknowledged, type Refused, Session, type SessionOptions } from "../src/session.js";
import { sofa } from "./edits.js";
import { Wire } from "./wire.js";

interface Stand {
  readonly session: Session;
  readonly wire: Wire;
  readonly acknowledged: Acknowledged[];
  readonly refused: Refused[];
}

function stand(wire = new Wire(), more: Partial<SessionOptions> = {}): Stand {
  const acknowledged: Acknowledged[] = [];
  const refused: Refused[] = [];
  const session = new Session({
    designId: "design",
    connection: wire,
    onAcknowledged: (each) => acknowledged.push(each),
    onRefused: (each) => refused.push(each),
    wait: async () => {
      await soon();
    },
    ...more,
  });
  return { session, wire, acknowledged, refused };
}

async function online(wire = new Wire(), more: Partial<SessionOptions> = {}): Promise<Stand> {
  const stood = stand(wire, more);
  stood.session.online();
  await until(() => stood.session.getSnapshot().status === "live");
  return stood;
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 1000, "It never happened.");
    await soon();
  }
}

function keys(session: Session): string[] {
  return [...session.getSnapshot().elements.keys()];
}

const pending = ({ session }: Stand) => session.getSnapshot().pending;

test("an edit is shown at once, and acknowledged", async () => {
  const { session, wire, acknowledged } = await online();
  const { batchId, dropped } = session.edit([sofa("a"), { edit: "set", key: "b", x: 1 }]);
  assert.deepEqual(dropped, [{ index: 1, reason: "MISSING" }]);
  assert.deepEqual(keys(session), ["a"]);
  assert.equal(session.getSnapshot().pending, 1);
  await until(() => acknowledged.length === 1);
  assert.deepEqual(acknowledged, [{ batchId, seq: 1, dropped, overwritten: [] }]);
  assert.deepEqual(wire.sent, [batchId]);
  assert.equal(session.getSnapshot().pending, 0);
  assert.equal(session.getSnapshot().seq, 1);
});

test("an answer that comes before the event leaves the batch shown", async () => {
  const stood = await online();
  stood.wire.live = false;
  stood.session.edit([sofa("a")]);
  await until(() => stood.acknowledged.length === 1);
  assert.deepEqual([keys(stood.session), pending(stood), stood.session.getSnapshot().seq], [["a"], 0, 0]);
  stood.wire.tell();
  assert.deepEqual([keys(stood.session), stood.session.getSnapshot().seq], [["a"], 1]);
});

test("an event that comes before the answer is recognised as one's own", async () => {
  const stood = await online();
  stood.wire.answers = "held";
  stood.session.edit([sofa("a")]);
  await until(() => stood.session.getSnapshot().seq === 1);
  assert.deepEqual([keys(stood.session), pending(stood), stood.acknowledged.length], [["a"], 0, 0]);
  stood.wire.release();
  await until(() => stood.acknowledged.length === 1);
});

test("a batch whose answer is lost is sent again by the same name, and applied once", async () => {
  const stood = await online();
  stood.wire.answers = "lost";
  const { batchId } = stood.session.edit([sofa("a")]);
  await until(() => stood.wire.sent.length > 2);
  stood.wire.answers = "told";
  await until(() => stood.acknowledged.length === 1);
  assert.deepEqual(new Set(stood.wire.sent), new Set([batchId]));
  assert.equal(stood.wire.server.seq, 1);
});

test("batches are sent one after another", async () => {
  const stood = await online();
  stood.wire.answers = "held";
  const names = ["a", "b", "c"].map((key) => stood.session.edit([sofa(key)]).batchId);
  await until(() => stood.wire.sent.length === 1);
  await soon();
  assert.deepEqual(stood.wire.sent, names.slice(0, 1));
  stood.wire.answers = "told";
  stood.wire.release();
  await until(() => stood.acknowledged.length === 3);
  assert.deepEqual(stood.wire.sent, names);
});

test("after a disconnect one goes on after the newest batch that one has", async () => {
  const stood = await online();
  stood.session.edit([sofa("a")]);
  await until(() => stood.acknowledged.length === 1);
  stood.wire.drop();
  stood.wire.server.append("others", [sofa("b")]);
  await until(() => keys(stood.session).length === 2);
  assert.deepEqual(stood.wire.followed, [0, 1]);
  assert.equal(stood.wire.snapshots, 1);
});

test("an event of which there was no telling is noticed by what comes later", async () => {
  const stood = await online();
  stood.wire.server.append("others", [sofa("a")]);
  stood.wire.say({ __typename: "Heartbeat", seq: 0 });
  assert.equal(stood.wire.followed.length, 1);
  stood.wire.say({ __typename: "Heartbeat", seq: 1 });
  await until(() => keys(stood.session).length === 1);
  assert.deepEqual(stood.wire.followed, [0, 0]);
});

test("ResyncRequired: the canvas is read anew, and what is pending stays", async () => {
  const stood = await online();
  stood.wire.answers = "held";
  stood.session.edit([sofa("a")]);
  await until(() => stood.wire.sent.length === 1);
  stood.wire.live = false;
  stood.session.edit([sofa("b")]);
  stood.wire.server.append("others", [sofa("c")]);
  stood.wire.say({ __typename: "ResyncRequired", seq: 2 });
  await until(() => stood.wire.snapshots === 2);
  await until(() => keys(stood.session).length === 3);
  assert.deepEqual(keys(stood.session).sort(), ["a", "b", "c"]);
  stood.wire.answers = "told";
  stood.wire.release();
  await until(() => stood.acknowledged.length === 2);
  assert.equal(stood.wire.server.seq, 3);
});

test("a log that does not fit has the canvas read anew", async () => {
  const stood = await online();
  stood.wire.server.append("others", [sofa("a")]);
  const edits = [{ __typename: "ElementMoved", key: "nowhere", parent: null, order: "A" } as const];
  stood.wire.say({ __typename: "EditsCommitted", seq: 1, batchId: "x", edits });
  await until(() => keys(stood.session).length === 1);
  assert.equal(stood.wire.snapshots, 2);
});

test("AccessChanged ends it, and says why", async () => {
  const stood = await online();
  stood.wire.say({ __typename: "AccessChanged", message: "No longer." });
  assert.deepEqual([stood.session.getSnapshot().status, stood.session.getSnapshot().problem], ["ended", "No longer."]);
  stood.session.online();
  await soon();
  assert.deepEqual([stood.wire.followed.length, stood.session.getSnapshot().status], [1, "ended"]);
});

test("a design that there is not ends it; a server that is out of reach does not", async () => {
  const stood = stand();
  stood.wire.unreachable = new ConnectionLost("out of reach");
  stood.session.online();
  await until(() => stood.session.getSnapshot().problem === "out of reach");
  stood.wire.unreachable = null;
  await until(() => stood.session.getSnapshot().status === "live");
  assert.equal(stood.session.getSnapshot().problem, null);
  const other = stand();
  other.wire.unreachable = new Refusal("There is no such design.", "NOT_FOUND");
  other.session.online();
  await until(() => other.session.getSnapshot().status === "ended");
});

test("what is refused is taken back and told, with what would have undone it", async () => {
  const stood = await online();
  stood.wire.instead = () => ({ __typename: "InvalidInput", message: "edits.0: no.", code: "INVALID_INPUT", path: ["edits"] });
  stood.wire.answers = "held";
  const edit = sofa("a", { x: 1e9 });
  const { batchId } = stood.session.edit([edit]);
  const undoing = stood.session.undo();
  await until(() => stood.refused.length === 2);
  assert.deepEqual(stood.refused[0], { batchId, edits: [edit], code: "INVALID_INPUT", message: "edits.0: no.", path: ["edits"] });
  assert.equal(stood.refused[1]?.batchId, undoing);
  assert.deepEqual([keys(stood.session), pending(stood)], [[], 0]);
  const { canUndo, canRedo } = stood.session.getSnapshot();
  assert.deepEqual([canUndo, canRedo], [false, false]);
  stood.wire.instead = null;
  stood.wire.answers = "told";
  stood.session.edit([sofa("b")]);
  await until(() => stood.acknowledged.length === 1);
});

test("a server that cannot is asked again; one that never can is given up", async () => {
  const stood = await online();
  let count = 0;
  stood.wire.instead = () => {
    count += 1;
    throw new Refusal("The database does not answer; try again.", count < 20 ? "UNAVAILABLE" : "INTERNAL");
  };
  stood.session.edit([sofa("a")]);
  await until(() => stood.refused.length === 1);
  assert.deepEqual([stood.refused[0]?.code, count], ["INTERNAL", 27]);
  assert.deepEqual(keys(stood.session), []);
});

test("who sends too much waits for as long as the server says, and then sends all of it in order", async () => {
  const waits: number[] = [];
  const wait = async (milliseconds: number) => {
    waits.push(milliseconds);
    await soon();
  };
  const stood = await online(new Wire(), { wait, random: () => 0.5 });
  let tokens = 3;
  const full = { __typename: "RateLimited", message: "Too many.", code: "RATE_LIMITED", path: null, retryAfter: 2 } as const;
  stood.wire.instead = () => {
    if (tokens > 0) {
      tokens -= 1;
      return null;
    }
    tokens = 3;
    return full;
  };
  const names = Array.from({ length: 20 }, (_, index) => stood.session.edit([sofa(`e${index}`)]).batchId);
  await until(() => stood.acknowledged.length === names.length);
  assert.deepEqual(stood.wire.server.log.map(({ batchId }) => batchId), names);
  assert.deepEqual(stood.refused, []);
  assert.deepEqual(waits, Array.from({ length: 6 }, () => 2250));
  assert.deepEqual([pending(stood), stood.wire.followed], [0, [0]]);
});

test("who is told to wait for long goes offline at once, and loses nothing", async () => {
  const wait = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const stood = await online(new Wire(), { wait });
  stood.wire.instead = () => ({ __typename: "RateLimited", message: "", code: "RATE_LIMITED", path: null, retryAfter: 60 });
  stood.session.edit([sofa("a")]);
  await until(() => stood.wire.sent.length === 1);
  stood.session.offline();
  stood.wire.instead = null;
  assert.equal(pending(stood), 1);
  stood.session.online();
  await until(() => stood.acknowledged.length === 1);
});

test("who is signed out meanwhile connects again, and loses nothing", async () => {
  const stood = await online();
  stood.wire.instead = () => ({ __typename: "NotSignedIn", message: "Sign in.", code: "NOT_SIGNED_IN", path: null });
  stood.session.edit([sofa("a")]);
  await until(() => stood.wire.followed.length > 2);
  assert.deepEqual(keys(stood.session), ["a"]);
  stood.wire.instead = null;
  await until(() => stood.acknowledged.length === 1);
});

test("offline one edits on, and what was kept is sent by another session", async () => {
  const stood = await online();
  stood.session.edit([sofa("a")]);
  await until(() => stood.acknowledged.length === 1);
  stood.session.offline();
  assert.equal(stood.session.getSnapshot().status, "offline");
  stood.session.edit([{ edit: "set", key: "a", x: 5 }]);
  stood.session.undo();
  stood.session.edit([sofa("b")]);
  await soon();
  assert.equal(stood.wire.sent.length, 1);
  const queue = JSON.parse(JSON.stringify(stood.session));
  assert.throws(() => stand(stood.wire, { designId: "other", queue }), RangeError);
  const later = stand(stood.wire, { queue });
  assert.deepEqual(keys(later.session), ["b"]);
  later.session.online();
  await until(() => later.acknowledged.length === 3);
  assert.deepEqual([stood.wire.server.canvas.get("a")?.x, stood.wire.server.seq], [0, 4]);
  stood.session.online();
  await until(() => stood.acknowledged.length === 4);
  assert.equal(stood.wire.server.seq, 4);
  assert.deepEqual(stood.session.getSnapshot().elements, later.session.getSnapshot().elements);
});

test("undo and redo show at once, wait for what they undo, and take their turn", async () => {
  const stood = await online();
  stood.session.edit([sofa("a")]);
  await until(() => stood.acknowledged.length === 1);
  stood.wire.answers = "held";
  const { batchId } = stood.session.edit([{ edit: "set", key: "a", x: 5 }]);
  stood.wire.server.append("others", [{ edit: "set", key: "a", y: 7 }]);
  const undoing = stood.session.undo();
  assert.deepEqual([stood.session.getSnapshot().elements.get("a")?.x, stood.session.getSnapshot().canRedo], [0, true]);
  await until(() => stood.wire.sent.includes(batchId));
  await soon();
  assert.ok(!stood.wire.sent.includes(undoing ?? ""));
  stood.wire.answers = "told";
  stood.wire.release();
  await until(() => stood.acknowledged.length === 3);
  stood.session.redo();
  stood.session.redo();
  await until(() => stood.acknowledged.length === 4);
  const element = stood.session.getSnapshot().elements.get("a");
  assert.deepEqual([element?.x, element?.y], [5, 7]);
  assert.deepEqual([stood.session.getSnapshot().canUndo, stood.session.getSnapshot().canRedo], [true, false]);
  stood.session.undo();
  stood.session.undo();
  await until(() => stood.acknowledged.length === 6);
  assert.deepEqual(keys(stood.session), []);
  assert.equal(stood.session.undo(), null);
});

test("something new leaves nothing to redo", async () => {
  const { session } = await online();
  session.edit([sofa("a")]);
  session.undo();
  session.edit([sofa("b")]);
  assert.equal(session.redo(), null);
});

test("a batch is neither empty nor huge", async () => {
  const { session } = await online();
  assert.throws(() => session.edit([]), RangeError);
  assert.throws(() => session.edit(Array.from({ length: 501 }, (_, index) => sofa(`e${index}`))), RangeError);
});

test("what is shown is the same object until something changes, and never altered", async () => {
  const { session, acknowledged } = await online();
  let calls = 0;
  const unsubscribe = session.subscribe(() => {
    calls += 1;
  });
  const before = session.getSnapshot();
  assert.equal(session.getSnapshot(), before);
  session.edit([sofa("a")]);
  assert.equal(calls, 1);
  assert.notEqual(session.getSnapshot(), before);
  assert.deepEqual([...before.elements], []);
  await until(() => acknowledged.length === 1);
  unsubscribe();
  const heard = calls;
  session.edit([sofa("b")]);
  assert.equal(calls, heard);
});

test("who is offline and online again at once is connected once", async () => {
  const stood = stand();
  stood.session.online();
  stood.session.online();
  stood.session.offline();
  stood.session.online();
  stood.session.edit([sofa("a")]);
  await until(() => stood.acknowledged.length === 1);
  await soon();
  assert.deepEqual(stood.wire.followed, [0]);
});

test("who is told that the network is back does not wait any longer", async () => {
  const wait = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const stood = stand(new Wire(), { wait });
  stood.wire.unreachable = new ConnectionLost("out of reach");
  stood.session.online();
  await until(() => stood.session.getSnapshot().problem !== null);
  stood.wire.unreachable = null;
  await soon();
  assert.equal(stood.session.getSnapshot().status, "connecting");
  stood.session.online();
  await until(() => stood.session.getSnapshot().status === "live");
});
