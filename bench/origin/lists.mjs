// The lists that can be read: which documents they show, in which order, and how they are told apart.

import { decode, encoder } from './cursors.mjs'

const shown = { visibility: 'PUBLIC', status: 'ACTIVE' }
const present = { $ne: null }

/** `by` is the parent's key; the order ends in `_id`. */
const DECLARED = {
  gallery: {
    collection: 'projects',
    where: { ...shown, showcased_at: present },
    order: { showcased_at: -1, _id: -1 },
  },
  projects_by_organization: { collection: 'projects', by: 'organization', order: { created_at: -1, _id: -1 } },
  public_projects_by_organization: {
    collection: 'projects',
    by: 'organization',
    where: { ...shown, listed_at: present },
    order: { listed_at: -1, _id: -1 },
  },
  designs_by_project: { collection: 'designs', by: 'project', order: { created_at: 1, _id: 1 } },
  published_designs_by_project: {
    collection: 'designs',
    by: 'project',
    where: { project_public: true, published_at: present },
    order: { published_at: -1, _id: -1 },
  },
  memberships_by_user: { collection: 'memberships', by: 'user', order: { created_at: 1, _id: 1 } },
}

/** The declared lists by name. */
export const LISTS = Object.fromEntries(
  Object.entries(DECLARED).map(([name, declared]) => [name, { name, where: {}, ...declared }]),
)

/** What tells a list with these equality values apart from every other. */
const spelled = ({ name }, equality) =>
  `${name}?${Object.entries(equality).map(([field, value]) => `${field}=${value}`).join('&')}|()`

/** The condition of what follows a cursor. */
export function following(list, equality, cursor) {
  const keys = decode(spelled(list, equality), cursor)
  const [[first, direction], [last]] = Object.entries(list.order)
  const operator = direction === 1 ? '$gt' : '$lt'
  return {
    [first]: { [`${operator}e`]: keys[0] },
    $or: [{ [first]: { [operator]: keys[0] } }, { [first]: keys[0], [last]: { [operator]: keys[1] } }],
  }
}

/** One page as a Relay connection; `rows` may have one more than it shows. Cursors are made when they are asked for. */
export class Connection {
  constructor(list, equality, { first, after }, rows) {
    this.list = list
    this.equality = equality
    this.pageInfo = new PageInfo(this, rows.length > first, after != null)
    this.edges = rows.slice(0, first).map((node) => new Edge(this, node))
  }

  cursor(node) {
    this.encode ??= encoder(spelled(this.list, this.equality))
    return this.encode(Object.keys(this.list.order).map((field) => node[field]))
  }

  /** Mercurius's loaders tell objects apart by their JSON. */
  toJSON() {
    return spelled(this.list, this.equality)
  }
}

class Edge {
  constructor(connection, node) {
    this.connection = connection
    this.node = node
  }

  get cursor() {
    return this.connection.cursor(this.node)
  }
}

class PageInfo {
  constructor(connection, hasNextPage, hasPreviousPage) {
    this.connection = connection
    this.hasNextPage = hasNextPage
    this.hasPreviousPage = hasPreviousPage
  }

  get startCursor() {
    return this.connection.edges.at(0)?.cursor ?? null
  }

  get endCursor() {
    return this.connection.edges.at(-1)?.cursor ?? null
  }
}

/** What outsiders see of a list that is not theirs. */
export const NOTHING = { edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, list: null }
