"""The demo world: organizations, projects, canvases and drawn photographs, the same for the same seed."""
