"""Other caches: what purgers send, and a real Varnish."""
