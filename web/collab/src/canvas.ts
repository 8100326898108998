/**
 * The pure core of editing: what a batch of edits does to a canvas. No I/O.
 *
 * These are the rules of `models/canvas.py`, and the tests hold both against the same batches. How much a canvas may
 * hold (the drop reason FULL) the server alone judges: a client does not know how many bytes its JSON has there. The
 * server alone makes room between crowded siblings, too (`models/rebalancing.py`), by moves at the end of a batch that
 * are repeated as all others are.
 */
import type { DropReason, ElementKind } from "./generated.js";
import { orderAfter } from "./order.js";

/** What else is known of an element, by name. */
export type Props = Readonly<Record<string, unknown>>;

/** One object on a canvas; it is replaced, never altered. Lengths in centimetres, angles in degrees clockwise. */
export interface Element {
  readonly kind: ElementKind;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation: number;
  readonly parent: string | null;
  readonly order: string;
  readonly props: Props;
  /** A removed element stays known, because its key is never used again. */
  readonly removed: boolean;
}

/** A new object. Without an order key it goes on top. */
export interface AddElement {
  readonly edit: "add";
  readonly key: string;
  readonly kind: ElementKind;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation?: number;
  readonly parent?: string | null;
  readonly order?: string | null;
  readonly props?: Props;
}

/** The properties of an object that can be set: those that are left out stay; a prop set to null goes. */
export interface Patch {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly rotation?: number;
  readonly props?: Props;
}

export interface SetElement extends Patch {
  readonly edit: "set";
  readonly key: string;
}

/** The object goes, and everything inside it. */
export interface RemoveElement {
  readonly edit: "remove";
  readonly key: string;
}

/** Another parent (null is the canvas itself) or another place among its siblings. */
export interface MoveElement {
  readonly edit: "move";
  readonly key: string;
  readonly parent?: string | null;
  readonly order?: string | null;
}

/** The object comes back as it was, with those of `keys` that went with it: nobody but an undo asks for it. */
export interface ReviveElement {
  readonly edit: "revive";
  readonly key: string;
  readonly keys: readonly string[];
}

/** What an app can ask for. */
export type Edit = AddElement | SetElement | RemoveElement | MoveElement;

/** What undoes edits. */
export type InverseEdit = SetElement | RemoveElement | MoveElement | ReviveElement;

/** What took effect, told in full, so that others can repeat it: an entry of the design's log. */
export type EffectiveEdit =
  | ({ readonly edit: "add"; readonly key: string } & Omit<Element, "removed">)
  | SetElement
  | { readonly edit: "remove"; readonly key: string; readonly keys: readonly string[] }
  | { readonly edit: "move"; readonly key: string; readonly parent: string | null; readonly order: string };

/** An edit that did not take effect: its place in the batch (from 0) and the reason. */
export interface Dropped {
  readonly index: number;
  readonly reason: DropReason;
}

/** What a batch did, and what undoes it. */
export interface Outcome {
  readonly effective: EffectiveEdit[];
  readonly dropped: Dropped[];
  readonly inverse: InverseEdit[];
}

/** The log tells of an element that this canvas does not have: whoever sees this reads the canvas anew. */
export class LogMismatch extends Error {
  constructor(key: string) {
    super(`The log tells of ${key}, which is not on this canvas.`);
    this.name = "LogMismatch";
  }
}

/** All elements by their keys, removed ones too. What was done since `keep` can be rolled back. */
export class Canvas {
  readonly #elements: Map<string, Element>;
  readonly #before = new Map<string, Element | undefined>();
  #top: string;
  #keptTop: string;

  constructor(elements: Iterable<readonly [string, Element]> = []) {
    this.#elements = new Map(elements);
    this.#top = "";
    for (const { order, removed } of this.#elements.values()) {
      if (!removed && order > this.#top) this.#top = order;
    }
    this.#keptTop = this.#top;
  }

  /** The highest order key there has been. */
  get top(): string {
    return this.#top;
  }

  get(key: string): Element | undefined {
    return this.#elements.get(key);
  }

  /** Have an element be this from now on. */
  put(key: string, element: Element): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#elements.get(key));
    this.#elements.set(key, element);
    if (element.order > this.#top) this.#top = element.order;
  }

  /** Make what was done since the last time final. */
  keep(): void {
    this.#before.clear();
    this.#keptTop = this.#top;
  }

  /** Undo what was done since it was last kept. */
  rollBack(): void {
    for (const [key, element] of this.#before) {
      if (element === undefined) this.#elements.delete(key);
      else this.#elements.set(key, element);
    }
    this.#before.clear();
    this.#top = this.#keptTop;
  }

  /** What can be seen of it, as a copy. */
  living(): Map<string, Element> {
    const living = new Map<string, Element>();
    for (const [key, element] of this.#elements) {
      if (!element.removed) living.set(key, element);
    }
    return living;
  }
}

/** Apply a batch to a canvas, in place, and say what it did. */
export function apply(canvas: Canvas, edits: Iterable<Edit | InverseEdit>): Outcome {
  const outcome: Outcome = { effective: [], dropped: [], inverse: [] };
  let index = 0;
  for (const edit of edits) {
    const reason = applyOne(canvas, edit, outcome);
    if (reason) outcome.dropped.push({ index, reason });
    index += 1;
  }
  outcome.inverse.reverse();
  return outcome;
}

/**
 * Repeat what took effect on the server.
 *
 * @throws LogMismatch the canvas is not the one that this batch followed; it is then half done.
 */
export function replay(canvas: Canvas, effective: Iterable<EffectiveEdit>): void {
  for (const told of effective) {
    switch (told.edit) {
      case "add": {
        const { edit: _edit, key, ...shape } = told;
        canvas.put(key, { ...shape, removed: false });
        break;
      }
      case "set":
        canvas.put(told.key, patched(known(canvas, told.key), told));
        break;
      case "move":
        canvas.put(told.key, { ...known(canvas, told.key), parent: told.parent, order: told.order });
        break;
      case "remove":
        for (const key of told.keys) canvas.put(key, { ...known(canvas, key), removed: true });
    }
  }
}

function known(canvas: Canvas, key: string): Element {
  const element = canvas.get(key);
  if (element === undefined) throw new LogMismatch(key);
  return element;
}

function applyOne(canvas: Canvas, edit: Edit | InverseEdit, outcome: Outcome): DropReason | null {
  switch (edit.edit) {
    case "add":
      return add(canvas, edit, outcome);
    case "set":
      return set(canvas, edit, outcome);
    case "remove":
      return remove(canvas, edit, outcome);
    case "move":
      return move(canvas, edit, outcome);
    case "revive":
      return revive(canvas, edit, outcome);
  }
}

function add(canvas: Canvas, edit: AddElement, outcome: Outcome): DropReason | null {
  if (canvas.get(edit.key)) return "KEY_USED";
  const parent = edit.parent ?? null;
  if (parent !== null && !isLiving(canvas, parent)) return "PARENT_MISSING";
  appear(canvas, edit.key, outcome, {
    kind: edit.kind,
    x: edit.x,
    y: edit.y,
    width: edit.width,
    height: edit.height,
    rotation: edit.rotation ?? 0,
    parent,
    order: edit.order ?? orderAfter(canvas.top),
    props: merge({}, edit.props ?? {}),
    removed: false,
  });
  outcome.inverse.push({ edit: "remove", key: edit.key });
  return null;
}

function appear(canvas: Canvas, key: string, outcome: Outcome, element: Element): void {
  canvas.put(key, element);
  const { removed: _removed, ...shape } = element;
  outcome.effective.push({ edit: "add", key, ...shape });
}

function set(canvas: Canvas, edit: SetElement, outcome: Outcome): DropReason | null {
  const element = canvas.get(edit.key);
  if (!element) return "MISSING";
  if (element.removed) return "REMOVED";
  canvas.put(edit.key, patched(element, edit));
  outcome.effective.push({ edit: "set", key: edit.key, ...patchOf(edit) });
  outcome.inverse.push({ edit: "set", key: edit.key, ...undoingPatch(element, edit) });
  return null;
}

function remove(canvas: Canvas, edit: RemoveElement, outcome: Outcome): DropReason | null {
  const element = canvas.get(edit.key);
  if (!element) return "MISSING";
  if (element.removed) return "REMOVED";
  const keys = withInside(canvas, edit.key);
  for (const key of keys) canvas.put(key, { ...known(canvas, key), removed: true });
  outcome.effective.push({ edit: "remove", key: edit.key, keys });
  outcome.inverse.push({ edit: "revive", key: edit.key, keys });
  return null;
}

function move(canvas: Canvas, edit: MoveElement, outcome: Outcome): DropReason | null {
  const element = canvas.get(edit.key);
  if (!element) return "MISSING";
  if (element.removed) return "REMOVED";
  const parent = edit.parent ?? null;
  const reason = whyParentIsUnfit(canvas, edit.key, parent);
  if (reason) return reason;
  const after = { parent, order: edit.order ?? orderAfter(canvas.top) };
  canvas.put(edit.key, { ...element, ...after });
  outcome.effective.push({ edit: "move", key: edit.key, ...after });
  outcome.inverse.push({ edit: "move", key: edit.key, parent: element.parent, order: element.order });
  return null;
}

/** Bring back what is still removed of a subtree, those above first. */
function revive(canvas: Canvas, edit: ReviveElement, outcome: Outcome): DropReason | null {
  const element = canvas.get(edit.key);
  if (!element) return "MISSING";
  if (!element.removed) return "KEY_USED";
  if (element.parent !== null && !isLiving(canvas, element.parent)) return "PARENT_MISSING";
  for (const key of edit.keys) {
    const gone = canvas.get(key);
    if (gone?.removed && (gone.parent === null || isLiving(canvas, gone.parent))) {
      appear(canvas, key, outcome, { ...gone, removed: false });
    }
  }
  outcome.inverse.push({ edit: "remove", key: edit.key });
  return null;
}

function isLiving(canvas: Canvas, key: string): boolean {
  return canvas.get(key)?.removed === false;
}

/** Whether a parent is missing, or is inside the element itself. */
function whyParentIsUnfit(canvas: Canvas, key: string, parent: string | null): DropReason | null {
  for (let above = parent; above !== null; ) {
    if (above === key) return "CYCLE";
    const element = canvas.get(above);
    if (!element || element.removed) return "PARENT_MISSING";
    above = element.parent;
  }
  return null;
}

/** An element's key and those of everything inside it, those above first. */
function withInside(canvas: Canvas, key: string): string[] {
  const inside = new Map<string, string[]>();
  for (const [other, { parent }] of canvas.living()) {
    if (parent === null) continue;
    const siblings = inside.get(parent);
    if (siblings) siblings.push(other);
    else inside.set(parent, [other]);
  }
  const keys = [key];
  for (const each of keys) keys.push(...(inside.get(each) ?? [])); // grows while it is walked
  return keys;
}

const SETTABLE = ["x", "y", "width", "height", "rotation"] as const;

/** What a patch sets, without what came with it. */
function patchOf(patch: Patch): Patch {
  const fields: { -readonly [Name in keyof Patch]: Patch[Name] } = {};
  for (const name of SETTABLE) {
    const value = patch[name];
    if (value !== undefined) fields[name] = value;
  }
  if (patch.props) fields.props = patch.props;
  return fields;
}

/** What an element had where a patch sets something. */
function undoingPatch(element: Element, patch: Patch): Patch {
  const before: { -readonly [Name in keyof Patch]: Patch[Name] } = {};
  for (const name of SETTABLE) {
    if (patch[name] !== undefined) before[name] = element[name];
  }
  if (patch.props) {
    before.props = Object.fromEntries(Object.keys(patch.props).map((name) => [name, ownProp(element.props, name)]));
  }
  return before;
}

function ownProp(props: Props, name: string): unknown {
  return Object.hasOwn(props, name) ? props[name] : null; // `constructor` is no prop of an empty object
}

function patched(element: Element, patch: Patch): Element {
  const { props, ...fields } = patchOf(patch);
  return { ...element, ...fields, props: merge(element.props, props ?? {}) };
}

function merge(props: Props, patch: Props): Props {
  return Object.fromEntries(Object.entries({ ...props, ...patch }).filter(([, value]) => value !== null));
}
