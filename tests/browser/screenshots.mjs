// Makes the pictures in docs/screenshots: `npm run screenshots` in this folder, after `cargo build`.
//
// They show `latchkey demo`, seen by its Admin, after a service user was added by the wizard. The demo is thrown away
// afterwards, and the token in the pictures with it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchBrowser, login, visit } from './harness.mjs'
import { api } from './data.mjs'
import { withPalette } from './palette.mjs'
import { firstStep, next, openWizard, shownToken } from './wizard.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const target = path.resolve(process.argv[2] ?? path.join(root, 'docs/screenshots'))
const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 390, height: 844 }

// A demo under way: its address, its password and its tokens are in what it prints.
async function startDemo() {
  const bin = path.resolve(process.env.LATCHKEY_BIN ?? path.join(root, 'target/debug/latchkey'))
  const child = spawn(bin, ['demo'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    told += text
    if (told.includes('The store lies in')) break
  }
  child.stdout.resume()
  const word = (pattern) => told.match(pattern)?.[1]
  const stop = async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'close')
  }
  return { url: word(/Portal\s+(\S+)\/login/), password: word(/Password\s+(\S+)/), admin: word(/^ +(lk_\w+) .*Global admin/m), stop }
}

await mkdir(target, { recursive: true })
const demo = await startDemo()
const browser = await launchBrowser(WIDE)
try {
  const page = await browser.page()
  const shot = async (name, { theme = 'light', width = WIDE.width, height = WIDE.height } = {}) => {
    await page.emulateMedia({ colorScheme: theme })
    await page.setViewportSize({ width, height })
    await page.evaluate(() => { document.activeElement?.blur(); return document.fonts.ready })
    await writeFile(path.join(target, `${name}.png`), withPalette(await page.screenshot({ animations: 'disabled' })))
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize(WIDE)
  }
  const open = (address) => visit(page, demo.url + address)
  const ask = (address) => api(demo, demo.admin, 'GET', address)
  await login(page, demo, { username: 'ada', password: demo.password })

  // The wizard over the list, and the token it ends with.
  const sheet = await openWizard(page, demo)
  await firstStep(sheet, { name: 'API Access', role: 'Editor', teams: [['Data Engineering', 'Maintainer'], ['Data Quality', 'Editor']] })
  await sheet.getByText('Its id will be').waitFor()
  await shot('wizard-first-light')
  await next(sheet)
  await sheet.getByLabel('Name required').fill('pipeline-production')
  for (const scope of ['users:read', 'teams:read']) await sheet.getByLabel(scope, { exact: true }).check()
  await shot('wizard-light')
  await shot('wizard-narrow', NARROW)
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click()
  const token = await shownToken(page)
  await shot('token-light')
  await shot('token-dark', { theme: 'dark' })
  await api(demo, token, 'GET', '/api/v1/me')

  const users = (await ask('/api/v1/users?limit=200')).items
  const user = (name) => `/users/${users.find((user) => user.name === name).id}`
  const teams = (await ask('/api/v1/teams?limit=200')).items
  await open('/users')
  await shot('users-light')
  await shot('users-dark', { theme: 'dark' })
  await shot('users-narrow', NARROW)
  await open('/')
  await shot('dashboard-light')
  await shot('dashboard-dark', { theme: 'dark' })
  await open('/tokens')
  await shot('tokens-light')
  await shot('tokens-narrow', NARROW)
  const publisher = user('Release Publisher')
  const { items } = await ask(`/api/v1${publisher}/tokens`)
  await open(`${publisher}/tokens/${items.find(({ name }) => name === 'main pipeline').id}`)
  await page.getByLabel('tokens:update', { exact: true }).check()
  await page.getByLabel('service_accounts:read', { exact: true }).uncheck()
  await shot('scopes-light')
  await open(publisher)
  await shot('user-light')
  await open(`${publisher}/tokens`)
  await shot('user-tokens-light')
  await open(`${publisher}/activity`)
  await shot('user-activity-light')
  await open('/users/new')
  await shot('create-light')
  await open(`/teams/${teams.find(({ name }) => name === 'Platform').id}/service-accounts`)
  await shot('team-light')
  await shot('team-narrow', NARROW)
  await open('/audit?action=token.*')
  await shot('audit-light')
} finally {
  await browser.stop()
  await demo.stop()
}
