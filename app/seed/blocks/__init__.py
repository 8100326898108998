"""The large data, block by block, as rows that MongoDB keeps; pure. The same number gives the same block.

A block is some firms with their projects, designs, comments and likes; all blocks share one more firm, the giant.
"""

from app.seed.blocks.portfolio import BLOCK, CROWDED, Covers, block
from app.seed.blocks.rows import KINDS, Row, Rows

__all__ = ["BLOCK", "CROWDED", "KINDS", "Covers", "Row", "Rows", "block"]
