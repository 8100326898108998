"""Nothing stale: the property test over real processes."""
