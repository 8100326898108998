// Reading from MongoDB: every question is asked for many at once.

import { MongoClient } from 'mongodb'

import { Connection, following, LISTS } from './lists.mjs'

const MOST_ELEMENTS = 20_000

/** What is read of each collection: what its type shows and its lists are ordered by. */
const PROJECTIONS = {
  users: fields('name', 'email'),
  memberships: fields('organization', 'role', 'created_at'),
  organizations: fields('name', 'slug', 'plan'),
  projects: fields(
    ...['title', 'slug', 'kind', 'status', 'visibility', 'style', 'address', 'price', 'organization', 'owner', 'cover'],
    ...['created_at', 'listed_at', 'showcased_at'],
  ),
  designs: fields(
    ...['title', 'room', 'style', 'seq', 'published_at', 'like_count', 'project', 'author', 'cover'],
    ...['project_public', 'created_at'],
  ),
  assets: fields(
    ...['organization', 'content_hash', 'focus', 'width', 'height', 'alt', 'placeholder', 'dominant_color'],
  ),
  elements: fields('design', 'key', 'kind', 'x', 'y', 'width', 'height', 'rotation', 'parent', 'order', 'props'),
}

function fields(...names) {
  return Object.fromEntries(names.map((name) => [name, 1]))
}

/** A document. Mercurius's loaders tell objects apart by their JSON, for which its id is enough. */
class Row {
  constructor(fields) {
    Object.assign(this, fields)
  }

  toJSON() {
    return this._id.toHexString()
  }
}

const row = (fields) => new Row(fields)
const unique = (ids) => [...new Map(ids.map((id) => [id.toHexString(), id])).values()]

export class Store {
  constructor(url, database) {
    this.client = new MongoClient(url)
    this.database = this.client.db(database)
  }

  connect() {
    return this.client.connect()
  }

  /** A user's roles, by organization. */
  async roles(user) {
    const options = { projection: { organization: 1, role: 1 } }
    const rows = await this.database.collection('memberships').find({ user }, options).toArray()
    return new Map(rows.map(({ organization, role }) => [organization.toHexString(), role]))
  }

  /** The documents with these ids, each null where there is none or no id. */
  async byIds(collection, ids) {
    const wanted = unique(ids.filter((id) => id != null))
    if (!wanted.length) return ids.map(() => null)
    const options = { projection: PROJECTIONS[collection], batchSize: wanted.length + 1 }
    const rows = await this.database.collection(collection).find({ _id: { $in: wanted } }, options).toArray()
    const found = new Map(rows.map((fields) => [fields._id.toHexString(), row(fields)]))
    return ids.map((id) => (id == null ? null : (found.get(id.toHexString()) ?? null)))
  }

  async publicProject(slug) {
    const query = { slug, visibility: 'PUBLIC', status: 'ACTIVE' }
    const found = await this.database.collection('projects').findOne(query, { projection: PROJECTIONS.projects })
    return found && row(found)
  }

  /** One page of one list. */
  async page(name, equality, { first, after }) {
    const list = LISTS[name]
    const query = { ...list.where, ...equality, ...(after == null ? {} : following(list, equality, after)) }
    const options = { sort: list.order, limit: first + 1, projection: PROJECTIONS[list.collection] }
    const rows = await this.database.collection(list.collection).find(query, options).toArray()
    return new Connection(list, equality, { first, after }, rows.map(row))
  }

  /** One page of each parent's list, every one stopped at its own limit: one command for all first pages. */
  async pages(name, parents, { first, after }) {
    const { by, collection, where, order } = LISTS[name]
    const keys = unique(parents)
    if (keys.length === 1 || after != null) {
      const pages = keys.map((key) => this.page(name, { [by]: key }, { first, after }))
      const found = new Map(keys.map((key, number) => [key.toHexString(), pages[number]]))
      return Promise.all(parents.map((parent) => found.get(parent.toHexString())))
    }
    const pipeline = [
      { $match: where },
      { $sort: order },
      { $limit: first + 1 },
      { $project: PROJECTIONS[collection] },
    ]
    const lookup = { from: collection, localField: '_id', foreignField: by, pipeline, as: 'rows' }
    const stages = [{ $documents: keys.map((_id) => ({ _id })) }, { $lookup: lookup }]
    const found = await this.database.aggregate(stages, { batchSize: keys.length + 1 }).toArray()
    const rows = new Map(found.map((group) => [group._id.toHexString(), group.rows.map(row)]))
    return parents.map(
      (parent) => new Connection(LISTS[name], { [by]: parent }, { first }, rows.get(parent.toHexString())),
    )
  }

  /** How many rows the lists of these connections have; one command for each kind of list. */
  async counts(connections) {
    const kinds = new Set(connections.map(({ list }) => list).filter(Boolean))
    const counted = await Promise.all(
      [...kinds].map((list) => this.#count(list, connections.filter((connection) => connection.list === list))),
    )
    const found = new Map(counted.flat())
    return connections.map((connection) => found.get(connection) ?? null)
  }

  async #count({ collection, where, by }, connections) {
    const parents = unique(connections.map(({ equality }) => equality[by]))
    const stages = [
      { $match: { ...where, [by]: { $in: parents } } },
      { $group: { _id: `$${by}`, count: { $sum: 1 } } },
    ]
    const rows = await this.database.collection(collection).aggregate(stages).toArray()
    const found = new Map(rows.map(({ _id, count }) => [_id.toHexString(), count]))
    return connections.map((connection) => [connection, found.get(connection.equality[by].toHexString()) ?? 0])
  }

  /** Designs' canvases, each one's elements and `seq` at one moment. */
  async canvases(designs) {
    const wanted = unique(designs)
    return this.client.withSession({ snapshot: true }, async (session) => {
      const heads = await this.database
        .collection('designs')
        .find({ _id: { $in: wanted } }, { projection: { seq: 1 }, session })
        .toArray()
      const options = { sort: { design: 1, order: 1, _id: 1 }, projection: PROJECTIONS.elements, session }
      const elements = await this.database
        .collection('elements')
        .find({ design: { $in: wanted }, removed: false }, { ...options, batchSize: MOST_ELEMENTS })
        .toArray()
      const canvases = new Map(heads.map((head) => [head._id.toHexString(), { seq: head.seq, elements: [] }]))
      for (const element of elements) canvases.get(element.design.toHexString())?.elements.push(element)
      return designs.map((design) => canvases.get(design.toHexString()))
    })
  }
}
