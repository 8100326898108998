// What the peers run on, as JSON: Node, ipx, and each sharp with the libraries it carries.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const inside = createRequire(require.resolve('ipx'))
const shown = ({ sharp, vips, aom, heif, webp, mozjpeg }) => ({ sharp, vips, aom, heif, webp, mozjpeg })
const { default: own } = await import('sharp')
const found = { node: process.versions.node, sharp: shown(own.versions), ipx: shown(inside('sharp').versions) }
console.log(JSON.stringify(found))
