// Relay global ids, base64 of `Type:<id>`, and the platform's spelling of times.

import { ObjectId } from 'mongodb'

export const globalId = (kind, id) => Buffer.from(`${kind}:${id}`).toString('base64')

/** The document's id in a global id of one type. */
export function objectId(id, kind) {
  const [found, hex] = Buffer.from(id, 'base64').toString().split(':')
  if (found !== kind || !ObjectId.isValid(hex)) throw new Error(`id: expected the id of a ${kind}.`)
  return ObjectId.createFromHexString(hex)
}

/** ISO 8601 as Python spells it: no fraction where it is zero, six digits where it is not. */
export function time(date) {
  const text = date.toISOString()
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}+00:00` : `${text.slice(0, -1)}000+00:00`
}
