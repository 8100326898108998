// Cursors: where a row stands in its list, bound to that list; BSON in URL-safe base64.

import { blake2b } from '@noble/hashes/blake2.js'
import { BSON } from 'mongodb'

const digest = (list) => new BSON.Binary(blake2b(Buffer.from(list), { dkLen: 6 }))

/** What makes the cursors of one list; `list` tells the list and its filters. */
export function encoder(list) {
  const l = digest(list)
  return (keys) => Buffer.from(BSON.serialize({ l, k: keys })).toString('base64url')
}

/** The order keys in a cursor of this list. */
export function decode(list, cursor) {
  const { l, k } = BSON.deserialize(Buffer.from(cursor, 'base64url'))
  if (!Buffer.from(l.buffer).equals(Buffer.from(digest(list).buffer))) {
    throw new Error('after: this cursor belongs to another list.')
  }
  return k
}
