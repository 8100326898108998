"""The image worker: signed imgproxy URLs in, WebP, AVIF, JPEG and PNG variants of stored originals out.

The core is plain functions: `url` (signature and source), `options` (the grammar), `negotiate` (the format),
`geometry` (what is scaled and cut), `render` (libvips). The shell is `server` with its `queue`.
"""
