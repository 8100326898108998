/** Between the core's own words and those of the schema. No I/O. */
import type { AddElement, EffectiveEdit, Edit, Element, SetElement } from "./canvas.js";
import type { DesignCanvasQuery, DesignEditInput, FollowDesignSubscription } from "./generated.js";
import type { Committed, Snapshot } from "./replica.js";

/** What a subscription to a design yields. */
export type DesignEvent = FollowDesignSubscription["designEvents"];
type EditsCommitted = Extract<DesignEvent, { __typename: "EditsCommitted" }>;
type LoggedEdit = EditsCommitted["edits"][number];
type Canvas = NonNullable<DesignCanvasQuery["design"]>["canvas"];

export function snapshotOf({ seq, elements }: Canvas): Snapshot {
  const rows = elements.map(({ key, ...shape }): [string, Element] => [key, { ...shape, removed: false }]);
  return { seq, elements: rows };
}

export function committedOf({ seq, batchId, edits }: EditsCommitted): Committed {
  return { seq, batchId, edits: edits.map(effectiveOf) };
}

function effectiveOf(logged: LoggedEdit): EffectiveEdit {
  switch (logged.__typename) {
    case "ElementAdded": {
      const { __typename: _typename, ...added } = logged;
      return { edit: "add", ...added };
    }
    case "ElementSet":
      return { edit: "set", key: logged.key, ...withoutNulls(logged.patch) };
    case "ElementRemoved":
      return { edit: "remove", key: logged.key, keys: logged.keys };
    case "ElementMoved":
      return { edit: "move", key: logged.key, parent: logged.parent, order: logged.order };
  }
}

export function inputOf(edit: Edit): DesignEditInput {
  switch (edit.edit) {
    case "add":
      return { addElement: fieldsOf(edit) };
    case "set":
      return { setElement: fieldsOf(edit) };
    case "remove":
      return { removeElement: { key: edit.key } };
    case "move":
      return { moveElement: { key: edit.key, parent: edit.parent ?? null, order: edit.order ?? null } };
  }
}

function fieldsOf<Kind extends AddElement | SetElement>(edit: Kind): Omit<Kind, "edit"> {
  const { edit: _edit, ...fields } = edit;
  return fields;
}

type WithoutNulls<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

function withoutNulls<Fields extends object>(fields: Fields): WithoutNulls<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as WithoutNulls<Fields>;
}
