// A portal as it looks after some months of use: people, service accounts and agents in every state, teams, tokens.
// Everything is made as its users would make it: by the command line, the API and the pages.

import assert from 'node:assert/strict'
import { setup } from './harness.mjs'

/** The Admin of the pictures. */
export const MARA = Object.freeze({
  username: 'mara',
  display_name: 'Mara Ruiz',
  email: 'mara.ruiz@example.com',
  password: 'cobalt-harvest-lantern-41',
})

/** The password of every person who took up their invitation. */
export const PASSWORD = 'saffron-timber-quill-58'

const TEAMS = [
  ['Platform', 'Clusters, pipelines and what runs on them.'],
  ['Security', 'Keys, access reviews and incidents.'],
  ['Data Engineering', 'Moves data between systems, every night and on demand.'],
  ['Data Quality', 'Checks that what arrived is what was sent.'],
  ['Billing', 'Invoices, payments and their imports.'],
  ['Support', ''],
]

// accepts: chooses a password. tokens: name, and how the API or the command line is told their life.
const USERS = [
  { name: 'Ada Okafor', username: 'ada.okafor', user_type: 'Person', role: 'Admin', accepts: true,
    teams: [['Platform', 'Owner'], ['Security', 'Owner']],
    tokens: [{ name: 'laptop', expires: '90d' }, { name: 'release script', expires: '1y' }] },
  { name: 'API Access', role: 'Editor', used: true,
    teams: [['Data Engineering', 'Maintainer'], ['Data Quality', 'Editor']],
    tokens: [{ name: 'pipeline-production', expires_in_days: 365, scopes: ['users:read', 'teams:read'] },
      { name: 'pipeline-staging', expires_in_days: 90, scopes: ['users:read'] }] },
  { name: 'Nightly backup', role: 'Member', teams: [] },
  { name: 'Release notes writer', user_type: 'Agent', role: 'Member', used: true, teams: [['Platform', 'Viewer']],
    tokens: [{ name: 'drafts', expires_in_days: 6, scopes: ['teams:read'] }] },
  { name: 'Jonas Lindqvist', username: 'jonas.l', user_type: 'Person', role: 'Manager', accepts: true,
    teams: [['Billing', 'Maintainer'], ['Platform', 'Maintainer'], ['Support', 'Viewer']],
    tokens: [{ name: 'spreadsheet', expires: '90d' }] },
  { name: 'Terraform runner', role: 'Member', used: true, teams: [['Platform', 'Maintainer']],
    tokens: [{ name: 'plan and apply', expires_in_days: 90, scopes: ['teams:read', 'service_accounts:read'] }] },
  { name: 'Old importer', role: 'Member', teams: [['Billing', 'Viewer']], disable: true,
    tokens: [{ name: 'import', expires: 'never', scopes: ['teams:read'] }] },
  { name: 'Sunita Nair', username: 'sunita', user_type: 'Person', role: 'Member', teams: [['Support', 'Viewer']] },
]

/** Asks the API; fails unless it answers with `status`. Gives the body. */
export async function api(server, token, method, path, body, status) {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  })
  const text = await answer.text()
  const wanted = status ?? { POST: 201, DELETE: 204 }[method] ?? 200
  assert.equal(answer.status, wanted, `${method} ${path}: ${text.replace(/lk_\w+/g, 'lk_…')}`)
  return text ? JSON.parse(text) : undefined
}

/** A token that acts as an Admin, made on the command line for `username`; or one with `scopes`. */
export async function tokenByCommand(server, username, { name = 'automation', expires = '30d', scopes } = {}) {
  const what = scopes ? scopes.flatMap((scope) => ['--scope', scope]) : ['--global-admin']
  const { code, stdout, stderr } = await server.command(['token', 'create', '--user', username, '--name', name, '--expires', expires, ...what])
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

/** Takes up an invitation without a browser. */
export async function accept(link, password = PASSWORD) {
  const answer = await fetch(link, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(link).origin, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ password }),
  })
  assert.ok([200, 303].includes(answer.status), `the invitation answered ${answer.status}`)
}

/**
 * Fills a fresh portal. `page` claims the setup link as Mara. Names in `except` are left out. Gives
 * {admin: a token that acts as an Admin, teams: {name: id}, users: {name: {id, …}}, tokens: {user: {name: {id, token}}}}.
 */
export async function fill(server, page, { except = [] } = {}) {
  await setup(page, server, MARA)
  const admin = await tokenByCommand(server, MARA.username, { expires: '2y' })
  const ask = (method, path, body) => api(server, admin, method, path, body)
  const data = { admin, teams: {}, users: {}, tokens: {} }
  for (const [name, description] of TEAMS) data.teams[name] = (await ask('POST', '/api/v1/teams', { name, description })).id
  for (const user of USERS) if (!except.includes(user.name)) await add(server, data, user)
  return data
}

async function add(server, data, { name, username, user_type = 'Service', role, teams, accepts, tokens = [], used, disable }) {
  const ask = (method, path, body) => api(server, data.admin, method, path, body)
  const person = user_type === 'Person'
  const made = await ask('POST', '/api/v1/users', {
    name, user_type, role,
    ...(person ? { username, email: `${username}@example.com` } : {}),
    teams: teams.map(([team, its]) => ({ team, role: its })),
  })
  data.users[name] = made
  data.tokens[name] = {}
  if (accepts) await accept(made.invitation)
  for (const { expires, ...token } of tokens) {
    data.tokens[name][token.name] = expires
      ? { token: await tokenByCommand(server, made.user_name, { scopes: ['self:read'], ...token, expires }) }
      : await ask('POST', `/api/v1/users/${made.id}/tokens`, token)
  }
  if (used) for (const { token } of Object.values(data.tokens[name])) await api(server, token, 'GET', '/api/v1/me')
  if (disable) await ask('PATCH', `/api/v1/users/${made.id}`, { enabled: false })
}
