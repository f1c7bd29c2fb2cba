// Makes the pictures in docs/screenshots: `npm run screenshots` in this folder, after `cargo build`.
//
// The portal is a throw-away one, filled by the command line, the API and the pages; the token in the pictures dies with
// it. Only when somebody was last seen cannot be asked for, so that is written into the store while the portal rests.

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { launchBrowser, login, startServer, visit } from './harness.mjs'
import { MARA, api, fill } from './data.mjs'
import { firstStep, next, openWizard, shownToken } from './wizard.mjs'

const run = promisify(execFile)
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const target = path.resolve(process.argv[2] ?? path.join(root, 'docs/screenshots'))
const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 500, height: 900 }
const MINUTE = 60
const HOUR = 60 * MINUTE
const SEEN = {
  'Ada Okafor': 2 * MINUTE,
  'API Access': 10,
  'Release notes writer': 12 * MINUTE,
  'Jonas Lindqvist': 1.2 * HOUR,
  'Terraform runner': 4 * MINUTE,
  'Old importer': 212 * 24 * HOUR,
}

await mkdir(target, { recursive: true })
let server = await startServer()
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
  const open = (address) => visit(page, server.url + address)

  const data = await fill(server, page, { except: ['API Access'] })
  // From here on under the address that the snippets shall show.
  const rest = async (meanwhile) => {
    await server.halt()
    await meanwhile?.()
    server = await startServer({ on: server, env: { LATCHKEY_PUBLIC_URL: 'https://keys.example.com' } })
  }
  await rest()
  await login(page, server, MARA)

  // The wizard over the list, and the token it ends with.
  const sheet = await openWizard(page, server)
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
  await api(server, token, 'GET', '/api/v1/me')

  const { items } = await api(server, data.admin, 'GET', '/api/v1/users')
  const id = (name) => items.find((user) => user.name === name).id
  await api(server, data.admin, 'POST', `/api/v1/users/${id('API Access')}/tokens`, { name: 'pipeline-staging', expires_in_days: 90, scopes: ['users:read'] })
  await rest(async () => {
    const now = Math.floor(Date.now() / 1000)
    const sql = Object.entries(SEEN).map(([name, ago]) => `UPDATE users SET last_seen_at = ${now - ago}000000 WHERE display_name = '${name}';`)
    await run('sqlite3', [path.join(server.dataDir, 'latchkey.db'), sql.join('\n')])
  })

  await open('/users')
  await shot('users-light')
  await shot('users-dark', { theme: 'dark' })
  await shot('users-narrow', NARROW)
  await open('/')
  await shot('dashboard-light')
  await shot('dashboard-dark', { theme: 'dark' })
  await open(`/users/${id('API Access')}`)
  await shot('user-light')
  await open(`/users/${id('API Access')}/tokens`)
  await shot('user-tokens-light')
  await open(`/users/${id('API Access')}/activity`)
  await shot('user-activity-light')
  await open('/users/new')
  await shot('create-light')
  await open(`/teams/${data.teams.Platform}/service-accounts`)
  await shot('team-light')
  await shot('team-narrow', NARROW)
} finally {
  await browser.stop()
  await server.stop()
}

// The same picture with a palette of 256 colours, which takes a third of the room: the commonest colours as they are, and
// the mean of each neighbourhood of the others. Reads what Chromium writes: 8 bits a channel, not interlaced.
function withPalette(png) {
  const parts = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    parts.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) })
  }
  const header = parts.find(({ type }) => type === 'IHDR').data
  const [width, height, deep, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]
  const size = { 2: 3, 6: 4 }[kind]
  if (deep !== 8 || !size || header[12] !== 0) return png
  const packed = zlib.inflateSync(Buffer.concat(parts.filter(({ type }) => type === 'IDAT').map(({ data }) => data)))
  const line = width * size
  const pixels = Buffer.alloc(height * line)
  for (let y = 0; y < height; y += 1) {
    const filter = packed[y * (line + 1)]
    for (let x = 0; x < line; x += 1) {
      const left = x < size ? 0 : pixels[y * line + x - size]
      const up = y === 0 ? 0 : pixels[(y - 1) * line + x]
      const corner = x < size || y === 0 ? 0 : pixels[(y - 1) * line + x - size]
      const near = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
      const paeth = near[0] <= near[1] && near[0] <= near[2] ? left : near[1] <= near[2] ? up : corner
      pixels[y * line + x] = packed[y * (line + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth][filter]
    }
  }
  const counts = new Map()
  for (let at = 0; at < pixels.length; at += size) {
    const colour = pixels.readUIntBE(at, 3)
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const split = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]
  const common = [...counts].sort((a, b) => b[1] - a[1])
  const palette = common.splice(0, 128).map(([colour]) => split(colour))
  const rooms = new Map()
  for (const [colour, count] of common) {
    const key = split(colour).map((channel) => channel >> 4).join()
    const room = rooms.get(key) ?? [0, 0, 0, 0]
    split(colour).forEach((channel, n) => (room[n] += channel * count))
    room[3] += count
    rooms.set(key, room)
  }
  const rest = [...rooms.values()].sort((a, b) => b[3] - a[3]).slice(0, 256 - palette.length)
  palette.push(...rest.map((room) => room.slice(0, 3).map((sum) => Math.round(sum / room[3]))))
  const nearest = new Map()
  for (const colour of counts.keys()) {
    const wanted = split(colour)
    const far = (entry) => entry.reduce((sum, channel, n) => sum + (channel - wanted[n]) ** 2, 0)
    nearest.set(colour, palette.reduce((best, entry, n) => (far(entry) < far(palette[best]) ? n : best), 0))
  }
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(pixels.readUIntBE(y * line + x * size, 3))
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.from(header)
  head[9] = 3
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', zlib.deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc32(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}
