"""Other caches as the edge: purged by tag, from the same stream of invalidations. They know no fields and no places."""
