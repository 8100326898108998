"""The outside services as Protocols with their implementations."""
