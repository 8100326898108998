"""Mail that people get: what it says, and the sending of it."""
