"""Loading the demo data: `load` writes everything, in an order in which an interruption can be taken up again.

`grow` adds large data for load tests, as much as is wanted.
"""

from app.seed.large import MOST_DESIGNS, grow
from app.seed.load import PASSWORD, SEED, SeedError, load

__all__ = ["MOST_DESIGNS", "PASSWORD", "SEED", "SeedError", "grow", "load"]
