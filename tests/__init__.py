"""The tests: through HTTP where the behaviour is the API's, straight at the core where it is logic."""
