// What the browser tests stand on: a portal of their own, a real Chromium, and things to ask of a page.
//
// Every test starts its own server on a fresh store and its own browser on a fresh profile; nothing is shared, so tests
// need no order. Both are folders that can be searched, byte by byte, once the process that wrote them has ended.

import assert from 'node:assert/strict'
import { spawn, execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { chromium } from 'playwright-core'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '../..')
const run = promisify(execFile)
const KEEP = Boolean(process.env.LATCHKEY_TEST_KEEP)

/** The two widths (pixels) and two themes in which every page must hold. */
export const WIDTHS = [1280, 390]
export const THEMES = ['light', 'dark']

/** The person who claims the setup link, unless a test says otherwise. */
export const ADMIN = Object.freeze({
  username: 'ada',
  display_name: 'Ada Lovelace',
  email: 'ada@example.com',
  password: 'plough-velvet-orbit-93',
})

// ---------------------------------------------------------------------------------------------------------- databases

/** The kinds of store to test on: always SQLite, and PostgreSQL where LATCHKEY_TEST_POSTGRES_URL names a server. */
export function flavours() {
  return process.env.LATCHKEY_TEST_POSTGRES_URL ? ['sqlite', 'postgres'] : ['sqlite']
}

async function psql(url, sql) {
  const { stdout } = await run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql])
  return stdout
}

async function createDatabase() {
  const server = process.env.LATCHKEY_TEST_POSTGRES_URL
  assert.ok(server, 'LATCHKEY_TEST_POSTGRES_URL is not set: run the tests by scripts/with-postgres.sh')
  const name = `latchkey_browser_${randomBytes(6).toString('hex')}`
  await psql(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => psql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

// ------------------------------------------------------------------------------------------------------------- server

async function freePort() {
  const probe = net.createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

async function freshDir(what) {
  return mkdtemp(path.join(os.tmpdir(), `latchkey-${what}-`))
}

async function until(what, seconds, attempt) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await attempt()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** A running `latchkey serve` with a store of its own. Made by `startServer`. */
class Server {
  constructor(fields) {
    Object.assign(this, fields)
  }

  /** Everything written so far to standard output and standard error. */
  output() {
    return this.stdout + this.stderr
  }

  /** Runs `latchkey <args>` on the same store; `input` goes to its standard input. Gives {code, stdout, stderr}. */
  async command(args, input = '') {
    const child = spawn(this.bin, args, { env: this.env, cwd: this.dataDir, stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, stdout, stderr }
  }

  /** The whole PostgreSQL database as text (`pg_dump --inserts`); an empty buffer on SQLite, whose files are in `dataDir`. */
  async dump() {
    if (!this.database) return Buffer.alloc(0)
    const { stdout } = await run('pg_dump', ['--inserts', '-d', this.database.url], {
      encoding: 'buffer',
      maxBuffer: 1 << 30,
    })
    return stdout
  }

  /** Ends the process by SIGTERM and waits for it; fails if it must be killed or answers with an error code. The store stays. */
  async halt() {
    if (this.halted) return
    this.halted = true
    if (this.child.exitCode === null && this.child.signalCode === null) {
      for (const handle of [this.child, this.child.stdout, this.child.stderr]) handle.ref()
      this.child.kill('SIGTERM')
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000)
      await this.exit
      clearTimeout(timer)
    }
    process.off('exit', this.kill)
    const how = this.child.signalCode ?? this.child.exitCode
    assert.equal(how, 0, `latchkey serve ended with ${how} after SIGTERM:\n${this.output()}`)
  }

  /** Halts, and removes the store. */
  async stop() {
    try {
      await this.halt()
    } finally {
      if (!KEEP) {
        await rm(this.dataDir, { recursive: true, force: true })
        await this.database?.drop()
      }
    }
  }
}

/**
 * Starts `latchkey serve` on a free port and a fresh store, and waits for its setup link.
 *
 * @param {object} [options]
 * @param {'sqlite'|'postgres'} [options.flavour] the kind of store
 * @param {Record<string, string>} [options.env] further settings
 * @param {Server} [options.on] a halted server whose store (and port) to take over; then no setup link is waited for
 */
export async function startServer({ flavour = 'sqlite', env = {}, on } = {}) {
  const bin = path.resolve(here, process.env.LATCHKEY_BIN ?? path.join(root, 'target/debug/latchkey'))
  await access(bin).catch(() => {
    throw new Error(`there is no binary at ${bin}: run cargo build, or set LATCHKEY_BIN`)
  })
  const dataDir = on?.dataDir ?? (await freshDir('data'))
  const database = on?.database ?? (flavour === 'postgres' ? await createDatabase() : undefined)
  const port = on?.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const childEnv = {
    PATH: process.env.PATH,
    HOME: dataDir,
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_LISTEN: `127.0.0.1:${port}`,
    LATCHKEY_PUBLIC_URL: url,
    ...(database ? { LATCHKEY_DATABASE_URL: database.url } : {}),
    ...env,
  }
  const child = spawn(bin, ['serve'], { env: childEnv, cwd: dataDir, stdio: ['ignore', 'pipe', 'pipe'] })
  const server = new Server({
    bin, child, database, dataDir, flavour: on?.flavour ?? flavour, port, url,
    env: childEnv, stdout: '', stderr: '', halted: false, setupLink: undefined,
  })
  let spawnError
  child.on('error', (error) => (spawnError = error))
  server.exit = new Promise((resolve) => child.once('close', resolve))
  child.stdout.setEncoding('utf8').on('data', (text) => (server.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (server.stderr += text))

  const link = new RegExp(`${url.replaceAll('.', '\\.')}/setup/[^\\s"'<>]+`)
  try {
    await until(on ? 'the portal to answer' : 'the setup link and for the portal to answer', 30, async () => {
      if (spawnError) throw spawnError
      if (child.exitCode !== null) throw new Error(`latchkey serve ended with ${child.exitCode}`)
      server.setupLink = server.stdout.match(link)?.[0]
      if (!on && !server.setupLink) return false
      return fetch(`${url}/healthz`).then((answer) => answer.ok, () => false)
    })
  } catch (error) {
    child.kill('SIGKILL')
    server.halted = true
    await outcome(server.stop())
    throw new Error(`${error.message}\n--- stdout\n${server.stdout}\n--- stderr\n${server.stderr}`)
  }
  // A test that ends without stopping its server does not hang on it; the server is killed with the test's process.
  for (const handle of [child, child.stdout, child.stderr]) handle.unref()
  server.kill = () => child.kill('SIGKILL')
  process.once('exit', server.kill)
  return server
}

// ------------------------------------------------------------------------------------------------------------ browser

// Chromium without its own errands: it asks nobody on the network for anything.
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

/** A Chromium with a profile folder of its own. Made by `launchBrowser`. */
class Browser {
  constructor(fields) {
    Object.assign(this, fields)
    /** What a silent page would not have said: console messages, page errors, requests to another origin. */
    this.noise = []
    this.allowed = []
  }

  /** A page that is watched; the first call gives the tab that Chromium opened with. */
  async page() {
    const blank = this.context.pages().find((page) => page.url() === 'about:blank' && !this.given.has(page))
    const page = blank ?? (await this.context.newPage())
    this.given.add(page)
    return page
  }

  /** Lets console messages that match `pattern` pass, for a test that provokes them (a 404 page, for instance). */
  allow(pattern) {
    this.allowed.push(pattern)
  }

  /** Fails if any page made a noise that was not allowed; forgets what was heard. */
  assertSilent() {
    const heard = this.noise.filter((line) => !this.allowed.some((pattern) => pattern.test(line)))
    this.noise = []
    assert.deepEqual(heard, [], 'the browser was to be silent')
  }

  /** Closes Chromium, so that its profile is wholly on disk, and checks that it was silent. The profile stays. */
  async halt() {
    if (this.halted) return
    this.halted = true
    await this.context.close()
    this.assertSilent()
  }

  /** Halts, and removes the profile. */
  async stop() {
    try {
      await this.halt()
    } finally {
      if (!KEEP) await rm(this.profileDir, { recursive: true, force: true })
    }
  }
}

/**
 * Starts a real Chromium on a fresh profile.
 *
 * @param {object} [options]
 * @param {boolean} [options.javaScript] false switches scripts off
 * @param {'light'|'dark'} [options.theme] the system's colour scheme
 * @param {number} [options.width] of the window, in pixels
 * @param {number} [options.height] of the window, in pixels
 * @param {string[]} [options.permissions] for instance ['clipboard-read', 'clipboard-write']
 */
export async function launchBrowser({ javaScript = true, theme = 'light', width = 1280, height = 900, permissions = [] } = {}) {
  const profileDir = await freshDir('profile')
  const context = await chromium.launchPersistentContext(profileDir, {
    executablePath: process.env.LATCHKEY_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    javaScriptEnabled: javaScript,
    colorScheme: theme,
    viewport: { width, height },
    permissions,
    acceptDownloads: true,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(15_000)
  const browser = new Browser({ context, profileDir, javaScript, given: new Set(), halted: false })
  context.on('console', (message) => {
    browser.noise.push(`console.${message.type()}: ${message.text()} (${message.location().url})`)
  })
  context.on('weberror', (error) => browser.noise.push(`error: ${error.error().stack ?? error.error()}`))
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (['http:', 'https:', 'ws:', 'wss:'].includes(protocol) && hostname !== '127.0.0.1') {
      browser.noise.push(`request to another host: ${request.url()}`)
    }
  })
  return browser
}

/**
 * Runs `body({server, browser, page})` with a fresh portal and browser, and clears both away. Options are those of
 * `startServer` and `launchBrowser`. Fails as well if a page was not silent or the server did not end cleanly.
 */
export async function withPortal(options, body) {
  const server = await startServer(options)
  let browser
  let failure
  let value
  try {
    browser = await launchBrowser(options)
    const page = await browser.page()
    try {
      value = await body({ server, browser, page })
    } catch (error) {
      await screenshot(page, `failed-${Date.now()}`).catch(() => {})
      error.message += `\nat ${page.url()}${browser.noise.length ? `\n${browser.noise.join('\n')}` : ''}\n--- server\n${server.output().slice(-4000)}`
      throw error
    }
  } catch (error) {
    failure = error
  } finally {
    // Both are cleared away whatever happens; the first failure is the one to tell of.
    const ends = [await outcome(browser?.stop()), await outcome(server.stop())]
    failure ??= ends.find(Boolean)
  }
  if (failure) throw failure
  return value
}

const outcome = (promise) => Promise.resolve(promise).then(() => undefined, (error) => error)

// -------------------------------------------------------------------------------------------------------------- doing

async function submit(page, field) {
  const form = page.locator('form').filter({ has: page.locator(field) })
  await Promise.all([
    page.waitForEvent('framenavigated'),
    form.locator('button[type=submit], button:not([type]), input[type=submit]').first().click(),
  ])
  await page.waitForLoadState()
}

/** Claims the setup link for `person`, and logs in if that did not do so already. Gives the person. */
export async function setup(page, server, person = ADMIN) {
  await visit(page, server.setupLink)
  for (const [name, value] of Object.entries(person)) await page.fill(`input[name="${name}"]`, value)
  await submit(page, 'input[name="display_name"]')
  await page.goto(server.url)
  if (new URL(page.url()).pathname.startsWith('/login')) await login(page, server, person)
  return person
}

/**
 * Fills in and sends the log-in form. Fails if the form is shown again, unless `succeeds` is false; then it fails if it
 * is not shown again.
 */
export async function login(page, server, { username, password }, { succeeds = true } = {}) {
  await visit(page, `${server.url}/login`)
  const form = page.locator('form').filter({ has: page.locator('input[name="password"]') })
  await form.locator('input[name]:not([type=hidden]):not([type=password]):not([type=checkbox])').first().fill(username)
  await form.locator('input[name="password"]').fill(password)
  await submit(page, 'input[name="password"]')
  const shown = new URL(page.url()).pathname.startsWith('/login')
  assert.equal(shown, !succeeds, `after the log-in of ${username} the page was ${page.url()}`)
}

/** Opens an address and fails unless it answers with `status`. */
export async function visit(page, url, status = 200) {
  const answer = await page.goto(url)
  assert.equal(answer?.status(), status, `GET ${url}`)
  return answer
}

/** The text of the download that `act` causes, and the name it is saved under. */
export async function download(page, act) {
  const [file] = await Promise.all([page.waitForEvent('download'), act()])
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') }
}

/** Writes a picture of the whole page to `<LATCHKEY_SCREENSHOTS or target/browser>/<name>.png`; gives the file's path. */
export async function screenshot(page, name, { fullPage = true } = {}) {
  const dir = process.env.LATCHKEY_SCREENSHOTS ?? path.join(root, 'target/browser')
  await mkdir(dir, { recursive: true })
  const file = path.join(dir, `${name}.png`)
  await page.screenshot({ path: file, fullPage, animations: 'disabled' })
  return file
}

// ------------------------------------------------------------------------------------------------------------- asking

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * Runs every axe-core rule for WCAG 2.2 A and AA and the best practices. Gives {violations, incomplete} as short lines.
 *
 * It goes in by the debugger and not as a script element, so that the page's content security policy stays in force.
 */
export async function axe(page) {
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression) => {
    const answer = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (answer.exceptionDetails) {
      throw new Error(answer.exceptionDetails.exception?.description ?? answer.exceptionDetails.text)
    }
    return answer.result.value
  }
  try {
    if ((await evaluate('typeof axe')) !== 'object') await evaluate(`${axeSource}\n;undefined`)
    const found = await evaluate(`axe.run(document, {
      preload: false,
      resultTypes: ['violations', 'incomplete'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      rules: { 'target-size': { enabled: true } },
    }).then(({ violations, incomplete }) => {
      const lines = (results) => results.flatMap(({ id, nodes }) =>
        nodes.map((node) => id + ': ' + node.target.join(' ') + ' — ' +
          [...node.any, ...node.all, ...node.none].map((check) => check.message).join('; ')))
      return { violations: lines(violations), incomplete: lines(incomplete) }
    })`)
    return found
  } finally {
    await session.detach()
  }
}

/** Fails if axe-core finds anything on the page. */
export async function assertAccessible(page, where = page.url()) {
  const { violations } = await axe(page)
  assert.deepEqual(violations, [], `axe-core on ${where}`)
}

/** Fails if the page can be scrolled sideways; names the elements that stick out. */
export async function noSidewaysScroll(page, where = page.url()) {
  const { scroll, client, wide } = await page.evaluate(() => {
    const doc = document.scrollingElement ?? document.documentElement
    const wide = [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > doc.clientWidth + 0.5)
      .slice(0, 8)
      .map((element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}">`)
    return { scroll: doc.scrollWidth, client: doc.clientWidth, wide }
  })
  assert.ok(scroll <= client, `${where} is ${scroll} px wide in ${client} px: ${wide.join(', ')}`)
}

/** Runs `body(where)` with the page at each width and in each theme; loads it anew at each. */
export async function inEveryLook(page, body) {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      await page.emulateMedia({ colorScheme: theme })
      await page.setViewportSize({ width, height: 900 })
      await page.reload()
      await body(`${new URL(page.url()).pathname} (${theme}, ${width} px)`)
    }
  }
}

// ------------------------------------------------------------------------------------------------------------- routes

/** The committed table of routes: [{method, path, face, policy}]. */
export async function routes() {
  return JSON.parse(await readFile(path.join(root, 'tests/snapshots/routes.json'), 'utf8'))
}

/**
 * Keeps account of the HTML routes: `visit` each by the path in the table, then `assertComplete`, which names every
 * GET page of the table that was not visited.
 */
export class PageCoverage {
  static async load(server) {
    const pages = (await routes()).filter(({ method, face }) => method === 'GET' && face === 'page')
    assert.ok(pages.length > 0, 'the table of routes holds no GET page')
    return new PageCoverage(server, pages.map((route) => route.path))
  }

  constructor(server, paths) {
    this.server = server
    this.left = new Set(paths)
    this.known = new Set(paths)
  }

  /**
   * Opens the route at `pattern` (as the table writes it), its `{names}` filled in from `params`; `query` is appended.
   * Fails if it is not in the table, does not answer 200, or leads elsewhere.
   */
  async visit(page, pattern, params = {}, query = '', status = 200) {
    assert.ok(this.known.has(pattern), `${pattern} is not a GET page of tests/snapshots/routes.json`)
    const filled = pattern.replace(/\{([^}:]+)(:[^}]*)?\}/g, (whole, name) => {
      assert.ok(name in params, `${pattern} wants a value for ${name}`)
      return encodeURIComponent(params[name])
    })
    await visit(page, this.server.url + filled + query, status)
    assert.equal(new URL(page.url()).pathname, filled, `${pattern} led elsewhere`)
    this.left.delete(pattern)
  }

  /** Counts a route as visited that is not reached by an address alone; say why. */
  seen(pattern, reason) {
    assert.ok(reason, 'say how the page was seen')
    assert.ok(this.known.has(pattern), `${pattern} is not a GET page of tests/snapshots/routes.json`)
    this.left.delete(pattern)
  }

  assertComplete() {
    assert.deepEqual([...this.left].sort(), [], 'pages of the table of routes that this test does not visit')
  }
}

// ---------------------------------------------------------------------------------------------------------- searching

// The same bytes in the forms in which software writes text down.
function forms(needle) {
  const plain = Buffer.from(needle, 'utf8')
  const found = new Map()
  const add = (name, bytes) => {
    if (bytes.length >= 6) found.set(`${name}:${bytes.toString('latin1')}`, { name, bytes })
  }
  add('plain', plain)
  add('utf-16le', Buffer.from(needle, 'utf16le'))
  add('utf-16be', Buffer.from(needle, 'utf16le').swap16())
  add('url-encoded', Buffer.from(encodeURIComponent(needle)))
  add('percent-encoded', Buffer.from([...plain].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join('')))
  add('json', Buffer.from(JSON.stringify(needle).slice(1, -1)))
  add('hex', Buffer.from(plain.toString('hex')))
  add('hex', Buffer.from(plain.toString('hex').toUpperCase()))
  for (const [kind, bytes] of [['base64', plain], ['base64 of utf-16le', Buffer.from(needle, 'utf16le')]]) {
    for (const shift of [0, 1, 2]) {
      // Only the characters that depend on nothing before or after the needle.
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '')
      const whole = Math.floor((shift + bytes.length) / 3) * 4
      const middle = text.slice(shift === 0 ? 0 : 4, whole)
      add(kind, Buffer.from(middle))
      add(`${kind}url`, Buffer.from(middle.replaceAll('+', '-').replaceAll('/', '_')))
    }
  }
  return [...found.values()]
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08])
const CACHE_ENTRY = Buffer.from('305c72a71b6dfbfc', 'hex') // start of an entry of Chromium's disk cache
const CACHE_END = Buffer.from('d8410d97456ffaf4', 'hex') // end of a stream inside it

// The length of the gzip header at `at` (RFC 1952, section 2.3).
function gzipHeader(bytes, at) {
  const flags = bytes[at + 3]
  let length = 10
  if (flags & 4) length += 2 + bytes.readUInt16LE(at + length)
  for (const named of [8, 16]) if (flags & named) length = bytes.indexOf(0, at + length) - at + 1
  return flags & 2 ? length + 2 : length
}

// What lies compressed inside: gzip streams anywhere, and the brotli bodies of Chromium's disk cache.
function* unpacked(bytes) {
  const sync = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
  for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1)) {
    try {
      // Past the header it is read as bare deflate, which ends by itself: what follows the stream does not matter.
      if (at + 10 < bytes.length) yield zlib.inflateRawSync(bytes.subarray(at + gzipHeader(bytes, at)), sync)
    } catch { /* three bytes that only looked like a stream */ }
  }
  for (let at = bytes.indexOf(CACHE_ENTRY); at >= 0; at = bytes.indexOf(CACHE_ENTRY, at + 1)) {
    if (at + 24 > bytes.length) break
    const body = at + 24 + bytes.readUInt32LE(at + 12)
    const end = bytes.indexOf(CACHE_END, body)
    if (end < 0) continue
    try {
      yield zlib.brotliDecompressSync(bytes.subarray(body, end))
    } catch { /* not brotli */ }
  }
}

/** The forms in which `needle` occurs in `bytes`, compressed parts included: [] if in none. */
export function searchBuffer(bytes, needle) {
  assert.ok(needle.length >= 8, 'a needle that short is found by chance')
  const wanted = forms(needle)
  const hits = wanted.filter((form) => bytes.includes(form.bytes)).map((form) => form.name)
  for (const inside of unpacked(bytes)) {
    hits.push(...wanted.filter((form) => inside.includes(form.bytes)).map((form) => `${form.name}, compressed`))
  }
  return [...new Set(hits)]
}

/** Searches every byte of every file below `dir`, and the files' names. Gives [{file, form}], and the number of files as `.files`. */
export async function searchFiles(dir, needle) {
  const hits = []
  let files = 0
  const walk = async (folder) => {
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name)
      const entry = await lstat(file)
      if (searchBuffer(Buffer.from(name), needle).length > 0) hits.push({ file, form: 'file name' })
      if (entry.isDirectory()) await walk(file)
      else if (entry.isFile()) {
        files += 1
        for (const form of searchBuffer(await readFile(file), needle)) hits.push({ file, form })
      }
    }
  }
  await walk(dir)
  return Object.assign(hits, { files })
}
