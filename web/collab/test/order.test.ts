import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { between, orderAfter, spread } from "../src/order.js";

const KEY = /^[0-9A-Za-z]{1,64}$/;
const keys = fc.stringMatching(/^[0-9A-Za-z]{1,20}$/);
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** A source of numbers that is the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function isBetween(a: string | null, key: string, b: string | null): boolean {
  return (a === null || a < key) && (b === null || key < b);
}

test("a key between two others is strictly between them and valid", () => {
  fc.assert(
    fc.property(fc.option(keys), fc.option(keys), chances, (a, b, random) => {
      fc.pre(a === null || b === null || a < b);
      const key = between(a, b, () => random);
      // between a key and itself with zeros behind there is nothing that could be told from either
      const none = b !== null && b.replace(/0+$/, "") === (a ?? "").replace(/0+$/, "");
      if (none) assert.equal(key, null);
      else assert.ok(key !== null && KEY.test(key) && isBetween(a, key, b), `${a} ${key} ${b}`);
    }),
    { numRuns: 2000 },
  );
});

test("there is nothing between equal keys, nor between keys in the wrong order", () => {
  assert.equal(between("V00000", "V00000", Math.random), null);
  assert.equal(between("b", "a", Math.random), null);
  assert.equal(between("z".repeat(64), null, Math.random), null);
});

const PLACES: Record<string, (made: string[], first: string, last: string) => [string | null, string | null]> = {
  "above the newest": (made, first, last) => [made.at(-1) ?? first, last],
  "below the newest": (made, first, last) => [first, made.at(-1) ?? last],
  "on top of all": (made) => [made.at(-1) ?? null, null],
  "below all": (made) => [null, made.at(-1) ?? null],
};

for (const [name, place] of Object.entries(PLACES)) {
  for (const [first, last] of [["V00000", "V00001"], ["A", "z"], ["V00000U00000", "V00000U00900"]] as const) {
    test(`5,000 keys ${name}, from ${first} to ${last}, stay short`, () => {
      const random = chance(7);
      const made: string[] = [];
      while (made.length < 5000) {
        const [a, b] = place(made, first, last);
        const key = between(a, b, random);
        assert.ok(key !== null && isBetween(a, key, b), `${a} ${key} ${b}`);
        made.push(key);
      }
      assert.equal(new Set(made).size, 5000);
      assert.ok(Math.max(...made.map((key) => key.length)) <= 24, made.at(-1));
    });
  }
}

test("5,000 keys at random places stay short", () => {
  const random = chance(3);
  const made: string[] = [];
  while (made.length < 5000) {
    const at = Math.floor(random() * (made.length + 1));
    const key = between(made[at - 1] ?? null, made[at] ?? null, random);
    assert.ok(key !== null && KEY.test(key) && isBetween(made[at - 1] ?? null, key, made[at] ?? null));
    made.splice(at, 0, key);
  }
  assert.ok(Math.max(...made.map((key) => key.length)) <= 24);
});

test("alternating neighbours use a key up, and it is said", () => {
  const random = chance(5);
  let [a, b] = ["A", "B"];
  let count = 0;
  for (let key = between(a, b, random); key !== null; key = between(a, b, random)) {
    assert.ok(KEY.test(key) && isBetween(a, key, b));
    if (count % 2) a = key;
    else b = key;
    count += 1;
  }
  assert.ok(count > 100, String(count));
});

test("two people who insert at the same place make different keys", () => {
  const random = chance(11);
  const made = new Set(Array.from({ length: 50 }, () => between("A", "B", random)));
  assert.ok(made.size > 45);
});

test("keys that are spread are in order, with room between all", () => {
  for (const count of [0, 1, 2, 500, 20_000]) {
    const made = spread(count);
    assert.equal(made.length, count);
    for (const [index, key] of made.entries()) {
      assert.match(key, /^[0-9A-Za-z]{6}$/);
      assert.notEqual(between(made[index - 1] ?? null, key, Math.random), null);
    }
  }
});

test("the key after another sorts behind it", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9A-Za-z]{1,64}$/), (key) => {
      const after = orderAfter(key);
      assert.match(after, KEY);
      assert.ok(after > key || key === "z".repeat(64));
    }),
  );
});
