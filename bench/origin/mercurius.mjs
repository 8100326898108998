// Mercurius on Fastify: registered operations, compiled by graphql-jit, batched by its own loaders.

import Fastify from 'fastify'
import mercurius from 'mercurius'

import { related } from './relations.mjs'
import { references, relations, resolvers } from './resolvers.mjs'
import { context, operations, port, typeDefs } from './setting.mjs'

const loaders = { Design: { canvas: (queries, { store }) => store.canvases(queries.map(({ obj }) => obj._id)) } }
for (const name of ['ProjectConnection', 'DesignConnection', 'MembershipConnection']) {
  loaders[name] = { totalCount: (queries, { store }) => store.counts(queries.map(({ obj }) => obj)) }
}
for (const [type, field, attribute, collection] of references) {
  const loader = (queries, { store }) => store.byIds(collection, queries.map(({ obj }) => obj[attribute]))
  loaders[type] = { ...loaders[type], [field]: loader }
}
for (const [type, field] of relations) {
  const loader = (queries, context) =>
    related(field, queries.map(({ obj, params }) => ({ parent: obj, ...params })), context)
  loaders[type] = { ...loaders[type], [field]: loader }
}

const app = Fastify({ logger: false })
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  loaders,
  jit: 1,
  persistedQueries: operations,
  onlyPersisted: true,
  context: (request) => context(request.headers.authorization),
})
await app.listen({ host: '127.0.0.1', port })
