// One file for Monaco's three workers: each of them carries the editor's own worker, so that three files would
// hold it three times. A worker's module only sets `onmessage`; the name under which this file was started says
// which of them it is to be. The order of the imports matters: `editor` is part of the other two.
import { editor } from "./editor.js";
import { json } from "./json.js";
import { graphql } from "./graphql.js";

globalThis.onmessage = { json, graphql }[globalThis.name] ?? editor;
