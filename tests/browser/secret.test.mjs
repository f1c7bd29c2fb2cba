// A token is seen once: on the page that answers Finish, and nowhere ever after.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { download, flavours, searchBuffer, searchFiles, setup, visit, withPortal } from './harness.mjs'
import { api, tokenByCommand } from './data.mjs'
import { makeServiceUser, shownToken } from './wizard.mjs'

const ERROR = 'chrome-error://chromewebdata/'

// What must not be found: the random part, without which a token is nothing.
const random = (token) => token.replace(/^lk_[a-z]+_/, '').slice(0, 32)

async function shows(page, token) {
  const held = [await page.content(), page.url(), await page.title()]
  // What a script of the page could still read.
  if (page.url() !== ERROR) held.push(await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, history.state, window.name])))
  return held.some((text) => text.includes(random(token)))
}

async function nowhere(page, token, where) {
  assert.equal(await shows(page, token), false, `the token is shown ${where}`)
}

// A browser may answer a step in its history with a page of its own, which says that a form would have to be sent again.
async function step(page, how) {
  await page[how]().catch(async (error) => {
    assert.match(error.message, /ERR_CACHE_MISS/)
    await page.waitForURL(ERROR)
  })
}

for (const flavour of flavours()) {
  test(`after Finish, Copy and Download the token is found nowhere again, on ${flavour}`, async () => {
    const marker = `q${Date.now()}searchable`
    await withPortal({ flavour, permissions: ['clipboard-read', 'clipboard-write'] }, async ({ server, page, browser }) => {
      browser.allow(/ERR_CACHE_MISS/)
      await setup(page, server)
      const admin = await tokenByCommand(server, 'ada')
      await api(server, admin, 'POST', '/api/v1/teams', { name: 'Platform' })
      const make = async (name) => {
        const token = await makeServiceUser(page, server, { name, token: marker, teams: [['Platform', 'Viewer']] })
        assert.equal(await shows(page, token), true, 'it is shown once, and would be noticed')
        await page.getByRole('button', { name: 'Copy' }).click()
        await page.getByRole('button', { name: 'Copied' }).waitFor()
        const file = await download(page, () => page.getByRole('link', { name: 'Download' }).click())
        assert.notDeepEqual(searchBuffer(Buffer.from(file.text), random(token)), [], 'it is in the file that was asked for')
        await api(server, token, 'GET', '/api/v1/me')
        return token
      }

      const reloaded = await make('Reloaded')
      await page.reload()
      await nowhere(page, reloaded, 'after a reload')
      await page.reload()
      await nowhere(page, reloaded, 'after another')

      const left = await make('Left')
      const told = page.url()
      await page.getByRole('link', { name: 'I have saved it' }).click()
      await page.getByRole('heading', { name: 'Left', level: 1 }).waitFor()
      await nowhere(page, left, 'on the page after it')
      await step(page, 'goBack')
      await nowhere(page, left, 'on the way back')
      await step(page, 'goForward')
      await nowhere(page, left, 'on the way forth')

      const back = await make('Back')
      await step(page, 'goBack')
      await nowhere(page, back, 'on the way back')
      await step(page, 'goForward')
      await nowhere(page, back, 'where it had been')
      await step(page, 'reload')
      await nowhere(page, back, 'where it had been, reloaded')

      const tokens = [reloaded, left, back]
      const { items } = await api(server, admin, 'GET', '/api/v1/users')
      assert.deepEqual(items.map((user) => user.name).sort(), ['Ada Lovelace', 'Back', 'Left', 'Reloaded'], 'made once each, however often it was sent')

      const tab = await browser.page()
      const ids = items.filter((user) => user.user_type === 'Service').map((user) => user.id)
      const pages = ['/', '/users', `/users?q=${marker}`, '/account/activity', ...ids.flatMap((id) => ['', '/tokens', '/activity', '/permissions'].map((part) => `/users/${id}${part}`))]
      await tab.goto(told)
      for (const token of tokens) await nowhere(tab, token, 'at the same address in a second tab')
      for (const at of pages) {
        await visit(tab, server.url + at)
        for (const token of tokens) await nowhere(tab, token, `at ${at}`)
      }

      // The files, while the portal runs and after it; what it wrote; and the browser's profile, once it is all on disk.
      const admins = [admin, ...tokens]
      const search = async (when) => {
        for (const token of admins) {
          const hits = await searchFiles(server.dataDir, random(token))
          assert.ok(hits.files > 0, 'there are files to search')
          assert.deepEqual([...hits], [], `in the store's files ${when}`)
        }
      }
      await search('while it runs')
      const dump = await server.dump()
      await browser.halt()
      await server.halt()
      await search('after it')
      for (const token of admins) {
        assert.deepEqual(searchBuffer(dump, random(token)), [], 'in the database')
        assert.deepEqual(searchBuffer(Buffer.from(server.output()), random(token)), [], 'in the log')
      }
      for (const token of tokens) {
        const hits = await searchFiles(browser.profileDir, random(token))
        assert.deepEqual(hits.map(({ file, form }) => `${path.relative(browser.profileDir, file)}: ${form}`), [], "in the browser's profile")
      }

      // The same search finds what may be kept: the token's name in the store and in the browser's history.
      const stored = flavour === 'sqlite' ? await searchFiles(server.dataDir, marker) : searchBuffer(dump, marker)
      assert.notDeepEqual([...stored], [], 'the search finds a token\'s name in the store')
      assert.notDeepEqual([...(await searchFiles(browser.profileDir, marker))], [], 'the search finds an address in the profile')
      assert.notDeepEqual(searchBuffer(Buffer.from(server.output()), new URL(server.url).host), [], 'the search finds an address in the log')
      await writeFile(path.join(browser.profileDir, 'planted'), `x${back}`)
      assert.notDeepEqual([...(await searchFiles(browser.profileDir, random(back)))], [], 'the search finds a token that is there')
    })
  })
}

test('the token is wiped when its page is left, and again when the browser brings the page back', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server)
    const token = await makeServiceUser(page, server)
    const answer = await page.evaluate(() => performance.getEntriesByType('navigation')[0].responseStatus)
    assert.equal(answer, 200)

    // A listener added now runs after the page's own.
    await page.evaluate((secret) => {
      addEventListener('pagehide', () => sessionStorage.setItem('left', String(document.documentElement.outerHTML.includes(secret))))
    }, random(token))
    await page.getByRole('link', { name: 'Add another token' }).click()
    await page.waitForURL(/tokens\/new/)
    assert.equal(await page.evaluate(() => sessionStorage.getItem('left')), 'false', 'nothing of it is left in the page that is kept')

    await page.getByLabel('Name required').fill('another')
    await page.getByRole('button', { name: 'Create token' }).click()
    const another = await shownToken(page)
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await nowhere(page, another, 'on a page that comes back from memory')
    assert.match(await page.locator('.secret').textContent(), /cannot be shown again/)
  })
})

test('nothing on the way may keep the page: no-store, also for the invitation', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server)
    const heard = []
    page.on('response', (response) => heard.push(response))
    const cacheControl = () => heard.filter((response) => response.request().isNavigationRequest()).at(-1).headers()['cache-control']
    await makeServiceUser(page, server)
    assert.match(cacheControl(), /\bno-store\b/)
    await visit(page, `${server.url}/users/new`)
    await page.getByLabel('Display name required').fill('Sunita Nair')
    await page.getByLabel('Username required').fill('sunita')
    await page.getByLabel('Email required').fill('sunita@example.com')
    await page.getByRole('button', { name: 'Create user' }).click()
    const link = await page.getByRole('textbox', { name: 'Link' }).textContent()
    assert.match(link, /\/invitation\/\S{20,}/)
    assert.match(cacheControl(), /\bno-store\b/)
    await page.reload()
    assert.equal((await page.content()).includes(link), false, 'a link is seen once, too')
  })
})
