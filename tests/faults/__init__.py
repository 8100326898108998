"""What goes wrong, made to go wrong on the real processes while the world goes on writing and reading."""
