import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { apply, Canvas, type Edit, LogMismatch, replay } from "../src/canvas.js";
import { batches, sofa } from "./edits.js";

function drawn(...edits: Edit[]): Canvas {
  const canvas = new Canvas();
  assert.deepEqual(apply(canvas, edits).dropped, []);
  canvas.keep();
  return canvas;
}

const UNFIT: [Edit, string][] = [
  [sofa("wall"), "KEY_USED"],
  [sofa("gone"), "KEY_USED"],
  [sofa("new", { parent: "nowhere" }), "PARENT_MISSING"],
  [sofa("new", { parent: "gone" }), "PARENT_MISSING"],
  [{ edit: "set", key: "nowhere", x: 1 }, "MISSING"],
  [{ edit: "set", key: "gone", x: 1 }, "REMOVED"],
  [{ edit: "remove", key: "nowhere" }, "MISSING"],
  [{ edit: "remove", key: "gone" }, "REMOVED"],
  [{ edit: "move", key: "nowhere" }, "MISSING"],
  [{ edit: "move", key: "gone" }, "REMOVED"],
  [{ edit: "move", key: "wall", parent: "gone" }, "PARENT_MISSING"],
  [{ edit: "move", key: "wall", parent: "wall" }, "CYCLE"],
  [{ edit: "move", key: "wall", parent: "handle" }, "CYCLE"],
];

for (const [edit, reason] of UNFIT) {
  test(`${edit.edit} ${edit.key} is dropped whole: ${reason}`, () => {
    const canvas = drawn(
      sofa("wall"),
      sofa("window", { parent: "wall" }),
      sofa("handle", { parent: "window" }),
      sofa("gone"),
      { edit: "remove", key: "gone" },
    );
    const before = canvas.living();
    const { dropped, effective } = apply(canvas, [{ edit: "set", key: "wall" }, edit]);
    assert.deepEqual(dropped, [{ index: 1, reason }]);
    assert.equal(effective.length, 1);
    assert.deepEqual(canvas.living(), before);
  });
}

test("props are merged, null takes one away, and a prop may have any name", () => {
  const canvas = drawn(sofa("a", { props: { colour: "red", wood: "oak", none: null } }), {
    edit: "set",
    key: "a",
    props: { colour: null, ["__proto__"]: 1 },
  });
  assert.deepEqual(Object.entries(canvas.get("a")?.props ?? {}), [["wood", "oak"], ["__proto__", 1]]);
});

test("removing takes what is inside, and what left stays", () => {
  const canvas = drawn(
    sofa("table"),
    sofa("vase", { parent: "table" }),
    sofa("flower", { parent: "vase" }),
    sofa("cup", { parent: "table" }),
    { edit: "move", key: "cup" },
    { edit: "remove", key: "table" },
  );
  assert.deepEqual([...canvas.living().keys()], ["cup"]);
});

test("the inverse of a batch undoes it, and its inverse does it again", () => {
  fc.assert(
    fc.property(fc.array(batches, { maxLength: 4 }), batches, (before, batch) => {
      const canvas = new Canvas();
      for (const each of before) apply(canvas, each);
      const was = canvas.living();
      const done = apply(canvas, batch);
      const after = canvas.living();
      const undone = apply(canvas, done.inverse);
      assert.deepEqual(undone.dropped, []);
      assert.deepEqual(canvas.living(), was);
      assert.deepEqual(apply(canvas, undone.inverse).dropped, []);
      assert.deepEqual(canvas.living(), after);
    }),
  );
});

test("who repeats what took effect has the same canvas", () => {
  fc.assert(
    fc.property(fc.array(batches, { maxLength: 8 }), (given) => {
      const [canvas, follower] = [new Canvas(), new Canvas()];
      for (const batch of given) replay(follower, apply(canvas, batch).effective);
      assert.deepEqual(follower.living(), canvas.living());
      assert.equal(follower.top, canvas.top);
    }),
  );
});

test("what was not kept can be rolled back", () => {
  fc.assert(
    fc.property(batches, batches, (kept, tried) => {
      const canvas = new Canvas();
      apply(canvas, kept);
      canvas.keep();
      const [was, top] = [canvas.living(), canvas.top];
      apply(canvas, tried);
      canvas.rollBack();
      assert.deepEqual(canvas.living(), was);
      assert.equal(canvas.top, top);
    }),
  );
});

test("a log that tells of what is not there is noticed", () => {
  assert.throws(() => replay(new Canvas(), [{ edit: "set", key: "a", x: 1 }]), LogMismatch);
});
