"""The HTTP cache: its pure parts by cases and properties, the whole over real sockets."""
