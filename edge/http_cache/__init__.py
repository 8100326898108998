"""A shared HTTP cache (RFC 9111) before one origin that sends standard headers; see `docs/http-cache.md`.

The pure part, from the bottom (`edge.fields` reads header fields): `policy` decides what may be kept and for how long,
`stored` is a kept response and how it ages, `answers` what a client gets of it. `cache` fetches and keeps, `server`
serves.
"""
