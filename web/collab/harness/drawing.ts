/** What somebody might do to a canvas next. */
import { between, type Edit, type Element, type Patch } from "../src/index.js";
import type { Chance } from "./chance.js";

type Elements = ReadonlyMap<string, Element>;

const MOST = 200; // elements, above which more is removed than added

/** Return a batch of a few edits; `key` names a new element. */
export function batchOf(elements: Elements, key: () => string, chance: Chance): Edit[] {
  return Array.from({ length: chance.whole(1, 5) }, () => editOf(elements, key, chance));
}

function editOf(elements: Elements, key: () => string, chance: Chance): Edit {
  const known = chance.one([...elements.keys()]);
  const turn = chance.next();
  if (known === undefined || turn < 0.25) return addition(elements, key(), chance);
  if (turn < 0.7) return { edit: "set", key: known, ...patchOf(chance) };
  if (turn < (elements.size > MOST ? 0.75 : 0.95)) return { edit: "move", key: known, ...placeOf(elements, chance) };
  return { edit: "remove", key: known };
}

function addition(elements: Elements, key: string, chance: Chance): Edit {
  const size = { width: chance.whole(1, 300), height: chance.whole(1, 300) };
  const shape = { kind: "FURNITURE", x: chance.whole(-500, 500), y: chance.next() * 500, ...size } as const;
  return { edit: "add", key, ...shape, props: propsOf(chance), ...placeOf(elements, chance) };
}

function patchOf(chance: Chance): Patch {
  return {
    ...(chance.happens(0.6) ? { x: chance.whole(-500, 500), y: chance.next() * 500 } : {}),
    ...(chance.happens(0.3) ? { rotation: chance.whole(0, 360) } : {}),
    ...(chance.happens(0.4) ? { props: propsOf(chance) } : {}),
  };
}

function propsOf(chance: Chance): Record<string, unknown> {
  const name = chance.one(["colour", "item", "laid", "legs"]) ?? "laid";
  const isText = name === "colour" || name === "item";
  const values: readonly unknown[] = isText ? [null, "oak", "red", "ñandú"] : [null, 1, 2.5, { of: "oak" }];
  return { [name]: chance.one(values) };
}

/** A place inside another element or on the canvas itself: on top, or between two that are neighbours there. */
function placeOf(elements: Elements, chance: Chance): { parent: string | null; order: string | null } {
  const parent = chance.happens(0.3) ? (chance.one([...elements.keys()]) ?? null) : null;
  if (chance.happens(0.5)) return { parent, order: null };
  const orders = [...elements.values()].filter((element) => element.parent === parent).map(({ order }) => order);
  orders.sort((a, b) => (a < b ? -1 : 1));
  const at = chance.whole(0, orders.length + 1);
  return { parent, order: between(orders[at - 1] ?? null, orders[at] ?? null, chance.next) };
}
