// GraphiQL has no command palette: nothing asks for quick input.
export class StandaloneQuickInputService {}
