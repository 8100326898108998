/** The client core of live collaboration; see `docs/collaboration-client.md`. */
export type { StoredBatch, StoredQueue } from "./batch.js";
export type { AddElement, Dropped, Edit, Element, MoveElement, Patch, Props, RemoveElement, SetElement } from "./canvas.js";
export { connect, type Connection, type ConnectOptions } from "./connection.js";
export { ConnectionLost, Refusal } from "./failures.js";
export type { DropReason, ElementKind } from "./generated.js";
export { between, spread } from "./order.js";
export { type Acknowledged, type Overwritten, type Refused, Session, type SessionOptions, type Status, type View } from "./session.js";
