// The lists behind an object: members of its organization read one, others another one or nothing.

import { NOTHING } from './lists.mjs'

const member = (tenant) => (row, viewer) => viewer.roles.has(tenant(row).toHexString())

const RELATIONS = {
  memberships: { inside: 'memberships_by_user', visible: (user, viewer) => viewer.user?.equals(user._id) },
  projects: {
    inside: 'projects_by_organization',
    outside: 'public_projects_by_organization',
    visible: member((organization) => organization._id),
  },
  designs: {
    inside: 'designs_by_project',
    outside: 'published_designs_by_project',
    visible: member((project) => project.organization),
  },
}

/** Answer many questions `{ parent, first, after }` about one relation, in one command for each list and length. */
export async function related(name, questions, { store, viewer }) {
  const { inside, outside, visible } = RELATIONS[name]
  const groups = new Map()
  for (const [place, { parent, first, after }] of questions.entries()) {
    const list = visible(parent, viewer) ? inside : outside
    const key = `${list} ${first} ${after}`
    if (!groups.has(key)) groups.set(key, { list, page: { first, after }, places: [], parents: [] })
    const group = groups.get(key)
    group.places.push(place)
    group.parents.push(parent._id)
  }
  const answers = new Array(questions.length)
  await Promise.all(
    [...groups.values()].map(async ({ list, page, places, parents }) => {
      const pages = list ? await store.pages(list, parents, page) : parents.map(() => NOTHING)
      for (const [number, place] of places.entries()) answers[place] = pages[number]
    }),
  )
  return answers
}
