"""The edge cache; knows nothing of the rest of the project."""
