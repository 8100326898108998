/** Arbitrary edits of few elements, so that they meet. */
import fc from "fast-check";

import type { AddElement, Edit, Patch } from "../src/canvas.js";

const keys = fc.constantFrom("a", "b", "c", "d", "e", "f");
const parents = fc.option(keys, { nil: null });
const orders = fc.option(fc.constantFrom("A", "V00000", "zz"), { nil: null });
const numbers = fc.integer({ min: -5, max: 5 });
const props = fc.dictionary(fc.constantFrom("p", "q", "__proto__", "constructor"), fc.option(numbers), { maxKeys: 3 });

export function sofa(key: string, more: Partial<AddElement> = {}): AddElement {
  return { edit: "add", key, kind: "FURNITURE", x: 0, y: 0, width: 100, height: 50, ...more };
}

const patches: fc.Arbitrary<Patch> = fc.record({ x: numbers, rotation: numbers, props }, { requiredKeys: [] });

export const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(keys, parents, orders, props).map(([key, parent, order, given]) => sofa(key, { parent, order, props: given })),
  fc.tuple(keys, patches).map(([key, patch]): Edit => ({ edit: "set", key, ...patch })),
  keys.map((key): Edit => ({ edit: "remove", key })),
  fc.tuple(keys, parents, orders).map(([key, parent, order]): Edit => ({ edit: "move", key, parent, order })),
);

export const batches: fc.Arbitrary<Edit[]> = fc.array(edits, { minLength: 1, maxLength: 4 });
