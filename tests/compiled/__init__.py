"""Tests of compiled operations: they answer as graphql-core does, or not at all."""
