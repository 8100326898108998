"""The documents with their invariants, indexes and collections."""
