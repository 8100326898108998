// GraphiQL compares nothing: no diff editor.
export class DiffEditorWidget {}
export class MultiDiffEditorWidget {}
