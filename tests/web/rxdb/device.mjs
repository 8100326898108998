// A device that keeps copies with RxDB: `node device.mjs <http url> <ws url> <access token>`.
//
// It is told what to do by lines of JSON on standard input, and answers each with a line of JSON.

import { createInterface } from 'node:readline'

import { createRxDatabase } from 'rxdb'
import { replicateGraphQL } from 'rxdb/plugins/replication-graphql'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { wrappedValidateAjvStorage } from 'rxdb/plugins/validate-ajv'

const [http, ws, token] = process.argv.slice(2)
const authorization = `Bearer ${token}`

const text = { type: ['string', 'null'] }
const number = { type: ['number', 'null'] }
const part = (properties) => ({ type: ['object', 'null'], properties })
const KINDS = {
  projects: {
    type: 'Project',
    properties: {
      organizationId: text,
      ownerId: text,
      title: text,
      description: text,
      kind: text,
      status: text,
      visibility: text,
      style: text,
      address: part({ street: text, postalCode: text, city: text, country: text }),
      location: part({ latitude: number, longitude: number }),
      areaM2: number,
      rooms: number,
      price: part({ amount: number, currency: text }),
      coverId: text,
      createdAt: text
    }
  },
  designs: {
    type: 'Design',
    properties: {
      organizationId: text,
      projectId: text,
      authorId: text,
      title: text,
      room: text,
      style: text,
      seq: number,
      coverId: text,
      createdAt: text,
      publishedAt: text
    }
  },
  comments: {
    type: 'Comment',
    properties: {
      organizationId: text,
      designId: text,
      parentId: text,
      authorId: text,
      body: text,
      anchor: part({ element: text, x: number, y: number }),
      orphaned: { type: ['boolean', 'null'] },
      mentionIds: { type: ['array', 'null'], items: { type: 'string' } },
      createdAt: text,
      resolvedAt: text
    }
  }
}

const selected = (properties) =>
  Object.entries(properties)
    .map(([name, { properties: inner }]) => (inner ? `${name} { ${selected(inner)} }` : name))
    .join(' ')

const database = await createRxDatabase({
  name: 'device',
  storage: wrappedValidateAjvStorage({ storage: getRxStorageMemory() }),
  multiInstance: false
})
const id = { type: 'string', maxLength: 100 }
await database.addCollections(
  Object.fromEntries(
    Object.entries(KINDS).map(([name, { properties }]) => [
      name,
      {
        schema: {
          version: 0,
          primaryKey: 'id',
          type: 'object',
          properties: { id, ...properties },
          required: ['id']
        }
      }
    ])
  )
)

const failures = []
let replications = {}

function replicate(name) {
  const { type, properties } = KINDS[name]
  const fields = `id _deleted ${selected(properties)}`
  const bulk = `{ documents { ${fields} } checkpoint { position } }`
  const replication = replicateGraphQL({
    replicationIdentifier: name,
    collection: database[name],
    url: { http, ws },
    headers: { Authorization: authorization },
    waitForLeadership: false,
    retryTime: 200,
    pull: {
      batchSize: 3,
      queryBuilder: (checkpoint, limit) => ({
        query: `query Pull($checkpoint: CheckpointInput, $limit: Int!) {
          pull${type}s(checkpoint: $checkpoint, limit: $limit) ${bulk} }`,
        variables: { checkpoint, limit }
      }),
      streamQueryBuilder: () => ({ query: `subscription Stream { stream${type}s ${bulk} }`, variables: {} }),
      wsOptions: { connectionParams: { authorization }, retryWait: () => new Promise((go) => setTimeout(go, 200)) }
    },
    push: {
      batchSize: 5,
      queryBuilder: (rows) => ({
        query: `mutation Push($rows: [${type}PushRow!]!) { push${type}s(rows: $rows) { ${fields} } }`,
        variables: { rows }
      })
    }
  })
  replication.error$.subscribe((error) => failures.push(`${name}: ${error.message} ${JSON.stringify(error.parameters?.errors ?? '')}`))
  return replication
}

const DOINGS = {
  async start() {
    replications = Object.fromEntries(Object.keys(KINDS).map((name) => [name, replicate(name)]))
  },
  async stop() {
    await Promise.all(Object.values(replications).map((replication) => replication.cancel()))
  },
  async settle() {
    for (const replication of Object.values(replications)) await replication.awaitInSync()
  },
  async insert({ collection, document }) {
    await database[collection].insert(document)
  },
  async patch({ collection, id, values }) {
    await (await database[collection].findOne(id).exec()).patch(values)
  },
  async remove({ collection, id }) {
    await (await database[collection].findOne(id).exec()).remove()
  },
  async copies({ collection }) {
    return (await database[collection].find().exec()).map((document) => document.toJSON())
  },
  async failures() {
    return failures.splice(0)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { doing, ...given } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ answer: (await DOINGS[doing](given)) ?? null }))
  } catch (error) {
    console.log(JSON.stringify({ failure: `${error.stack ?? error}` }))
  }
}
process.exit(0)
