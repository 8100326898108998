"""Queries, mutations and subscriptions: load, permit, call the model, convert."""
