"""Mail that people get."""
