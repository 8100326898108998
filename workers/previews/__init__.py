"""Previews: a design's canvas drawn as a floor plan, so that a list of designs shows the designs themselves.

`drawing.draw` is the whole of it: rows in, an SVG document out, no I/O but the font's file. `pieces` reads the rows,
`view` fits the sheet round them, `floors` finds the rooms between the walls; `structure` draws walls, doors and
windows, `furniture` and its `symbols` what stands in the rooms, `labels` and `lettering` what is written.
"""
