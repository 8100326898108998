"""Previews: a canvas drawn as a floor plan."""
