// What both peers stand on: settings from the environment, the schema, registered operations, the store, pictures.

import { readFileSync } from 'node:fs'

import { Pictures } from './pictures.mjs'
import { Store } from './store.mjs'
import { viewers } from './viewer.mjs'

const { MONGODB_URL, MONGODB_DATABASE, PUBLIC_URL, IMGPROXY_KEY, IMGPROXY_SALT, OPERATIONS, ACCESS_TOKEN_KEY } =
  process.env

export const port = Number(process.env.PORT)
export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')

/** Registered documents by their SHA-256. */
export const operations = JSON.parse(readFileSync(OPERATIONS, 'utf8'))

export const store = new Store(MONGODB_URL, MONGODB_DATABASE)
await store.connect()

const pictures = new Pictures(`${PUBLIC_URL}/images`, IMGPROXY_KEY, IMGPROXY_SALT)
const viewerOf = viewers(ACCESS_TOKEN_KEY, PUBLIC_URL, store)

/** A request's context, before the peer's own loaders. */
export const context = async (authorization) => ({ store, pictures, viewer: await viewerOf(authorization) })
