"""Loading the demo data: `load` writes everything, in an order in which an interruption can be taken up again."""

from app.seed.load import PASSWORD, SEED, SeedError, load

__all__ = ["PASSWORD", "SEED", "SeedError", "load"]
