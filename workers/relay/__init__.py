"""The relay: from MongoDB's change stream to the one ordered stream of invalidations."""
