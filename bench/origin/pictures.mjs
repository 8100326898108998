// Signed addresses of pictures, as imgproxy reads them.

import { createHmac, createSecretKey } from 'node:crypto'

const LADDER = [64, 96, 128, 192, 256, 320, 384, 480, 640, 800, 960, 1280, 1600, 1920, 2560]
const SHAPES = 48
const REMEMBERED = 16_384

/** Half to even, as Python rounds. */
function round(value) {
  const whole = Math.floor(value)
  const rest = value - whole
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole
}

/** The next wider step, in nearly the same shape. */
function snap(width, height) {
  const wide = LADDER.find((step) => step >= width) ?? LADDER.at(-1)
  const shape = Math.min(Math.max(round((height * SHAPES) / width), 1), (SHAPES * 5) / 2)
  return [wide, Math.max(1, round((wide * shape) / SHAPES))]
}

const part = (value) => value.toFixed(4).replace(/\.?0+$/, '')

/** When a link for a signed-in viewer ends (Unix seconds): in 30 to 60 minutes, the same for a while. */
const soon = () => (Math.floor(Date.now() / 1000 / 1800) + 2) * 1800

/** Makes variants of pictures; `base` is the address that the signed path follows, key and salt are hex. */
export class Pictures {
  constructor(base, key, salt) {
    this.base = base
    this.key = createSecretKey(key, 'hex')
    this.salt = Buffer.from(salt, 'hex')
    this.signed = new Map()
  }

  /** A variant for a box of this size; for a signed-in viewer its address expires. */
  image(asset, { width, height }, viewer) {
    const [wide, high] = snap(width, height ?? Math.max(1, round((width * asset.height) / asset.width)))
    const source = Buffer.from(`asset://${asset.organization}/${asset.content_hash}`).toString('base64url')
    const expiry = viewer.user ? `/exp:${soon()}` : ''
    const gravity = `fp:${part(asset.focus.x)}:${part(asset.focus.y)}`
    const path = `${expiry}/g:${gravity}/rs:fill:${wide}:${high}:0/${source}`
    return { url: this.url(path), width: wide, height: high }
  }

  /** The signed address; the same pictures are shown again and again, so the last ones are remembered, as the platform does. */
  url(path) {
    let url = this.signed.get(path)
    if (url === undefined) {
      const signature = createHmac('sha256', this.key).update(this.salt).update(path).digest('base64url')
      url = `${this.base}/${signature}${path}`
      if (this.signed.size >= REMEMBERED) this.signed.delete(this.signed.keys().next().value)
      this.signed.set(path, url)
    }
    return url
  }
}
