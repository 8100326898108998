// GraphQL Yoga on Node's HTTP server: registered operations, batched by DataLoader.

import { createServer } from 'node:http'

import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations'
import DataLoader from 'dataloader'
import { parse } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'

import { related } from './relations.mjs'
import { references, relations, resolvers } from './resolvers.mjs'
import { context, operations, port, typeDefs } from './setting.mjs'

const hex = { cacheKeyFn: (id) => id.toHexString() }
const question = { cacheKeyFn: ({ parent, first, after }) => `${parent._id.toHexString()} ${first} ${after}` }

/** One request's loaders, made when they are first asked for. */
class Loaders {
  #made = new Map()

  constructor(context) {
    this.context = context
  }

  byId(collection) {
    return this.#loader(collection, (ids) => this.context.store.byIds(collection, ids), hex)
  }

  related(name) {
    return this.#loader(name, (questions) => related(name, questions, this.context), question)
  }

  get canvas() {
    return this.#loader('canvas', (designs) => this.context.store.canvases(designs), hex)
  }

  get count() {
    return this.#loader('count', (connections) => this.context.store.counts(connections))
  }

  #loader(name, batch, options) {
    if (!this.#made.has(name)) this.#made.set(name, new DataLoader(batch, options))
    return this.#made.get(name)
  }
}

function add(type, field, resolve) {
  resolvers[type] = { ...resolvers[type], [field]: resolve }
}

for (const [type, field, attribute, collection] of references) {
  add(type, field, (row, _, { loaders }) => (row[attribute] ? loaders.byId(collection).load(row[attribute]) : null))
}
for (const [type, field] of relations) {
  add(type, field, (parent, page, { loaders }) => loaders.related(field).load({ parent, ...page }))
}
for (const type of ['ProjectConnection', 'DesignConnection', 'MembershipConnection']) {
  add(type, 'totalCount', (connection, _, { loaders }) => loaders.count.load(connection))
}
add('Design', 'canvas', (design, _, { loaders }) => loaders.canvas.load(design._id))

const documents = Object.fromEntries(Object.entries(operations).map(([id, text]) => [id, parse(text)]))
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  plugins: [usePersistedOperations({ getPersistedOperation: (id) => documents[id], skipDocumentValidation: true })],
  context: async ({ request }) => {
    const made = await context(request.headers.get('authorization'))
    return { ...made, loaders: new Loaders(made) }
  },
  logging: false,
  graphiql: false,
  landingPage: false,
  multipart: false,
  cors: false,
})
createServer(yoga).listen(port, '127.0.0.1')
