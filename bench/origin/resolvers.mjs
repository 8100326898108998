// What both peers resolve alike: entry fields, and what a document computes of itself.

import { GraphQLScalarType } from 'graphql'

import { globalId, objectId, time } from './ids.mjs'

const id = (kind) => (row) => globalId(kind, row._id)
const scalar = (name, serialize = (value) => value) => new GraphQLScalarType({ name, serialize })

/** A city's name as it is compared: without case, accents and surplus spaces. */
const folded = (city) => city.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim().split(/\s+/u).join(' ')

export const resolvers = {
  Amount: scalar('Amount'),
  DateTime: scalar('DateTime', time),
  JSON: scalar('JSON'),
  Query: {
    gallery: (_, { city, style, ...page }, { store }) => {
      const equality = { ...(city == null ? {} : { city_key: folded(city) }), ...(style == null ? {} : { style }) }
      return store.page('gallery', equality, page)
    },
    publicProject: (_, { slug }, { store }) => store.publicProject(slug),
    publicDesign: async (_, { id }, { store }) => {
      const [design] = await store.byIds('designs', [objectId(id, 'Design')])
      return design?.project_public && design.published_at ? design : null
    },
    viewer: async (_, __, { store, viewer }) => (viewer.user ? (await store.byIds('users', [viewer.user]))[0] : null),
  },
  User: {
    id: id('User'),
    email: (user, _, { viewer }) => (viewer.user?.equals(user._id) ? user.email : null),
  },
  Membership: { id: id('Membership') },
  Organization: {
    id: id('Organization'),
    plan: ({ _id, plan }, _, { viewer }) => (viewer.roles.has(_id.toHexString()) ? plan : null),
  },
  Project: { id: id('Project') },
  Address: { postalCode: (address) => address.postal_code },
  Design: {
    id: id('Design'),
    publishedAt: (design) => design.published_at,
    likeCount: (design) => design.like_count,
  },
  Element: { id: id('Element') },
  Asset: {
    id: id('Asset'),
    dominantColor: (asset) => asset.dominant_color,
    image: (asset, box, { pictures, viewer }) => pictures.image(asset, box, viewer),
  },
}

/** The references: type, field, the document's attribute, and where the document that it names lies. */
export const references = [
  ['Membership', 'organization', 'organization', 'organizations'],
  ['Project', 'organization', 'organization', 'organizations'],
  ['Project', 'owner', 'owner', 'users'],
  ['Project', 'cover', 'cover', 'assets'],
  ['Design', 'project', 'project', 'projects'],
  ['Design', 'author', 'author', 'users'],
  ['Design', 'cover', 'cover', 'assets'],
]

/** The relations: type and field. */
export const relations = [
  ['User', 'memberships'],
  ['Organization', 'projects'],
  ['Project', 'designs'],
]
