import "monaco-editor/esm/vs/editor/editor.worker.js";

export const editor = globalThis.onmessage;
