// The main job: an administrator makes a service account and its token in the portal, and a program uses it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN, download, flavours, login, setup, withPortal } from './harness.mjs'
import { finish, firstStep, next, openWizard, secondStep, shownToken } from './wizard.mjs'

const names = (rows) => rows.locator('a.name').allTextContents()

for (const flavour of flavours()) {
  for (const javaScript of [true, false]) {
    test(`from the setup link to a token in use, JavaScript ${javaScript ? 'on' : 'off'}, on ${flavour}`, async () => {
      const options = { flavour, javaScript, permissions: ['clipboard-read', 'clipboard-write'] }
      await withPortal(options, async ({ server, page, browser }) => {
        await setup(page, server)

        await page.getByRole('link', { name: 'Teams', exact: true }).first().click()
        await page.getByRole('link', { name: 'Create team' }).click()
        await page.getByLabel('Name required').fill('Data Engineering')
        await page.getByRole('button', { name: 'Create team' }).click()
        await page.getByRole('heading', { name: 'Data Engineering', level: 1 }).waitFor()

        await createByCheckBox(page, server, javaScript)
        const token = await throughTheWizard(page, server, javaScript)

        if (javaScript) {
          await page.getByRole('button', { name: 'Copy' }).click()
          await page.getByRole('button', { name: 'Copied' }).waitFor()
          assert.equal(await page.evaluate(() => navigator.clipboard.readText()) === token, true, 'what was copied is the token')
          assert.equal(await page.locator('[data-copied]').textContent(), 'Copied', 'said aloud')
        } else {
          assert.equal(await page.getByRole('button', { name: 'Copy' }).count(), 0, 'no dead control')
          await page.getByText('take it out of the list of downloads').waitFor()
        }
        const file = await download(page, () => page.getByRole('link', { name: 'Download' }).click())
        assert.equal(file.text.trim() === token, true, 'what was downloaded is the token')
        assert.equal(file.name, 'api_access-pipeline-production.txt')

        await program(server, token)
        await barred(page, server, browser, token)
      })
    })
  }
}

// *Create user*, with the box ticked.
async function createByCheckBox(page, server, javaScript) {
  await page.goto(`${server.url}/users`)
  await page.getByRole('link', { name: 'Create user' }).click()
  const email = page.getByLabel('Email required')
  await email.fill('nobody@example.com')
  assert.equal(await page.getByLabel('Home team').isVisible(), false)
  await page.getByLabel('The user is a service account').check()
  assert.equal(await email.isVisible(), false, 'the email is hidden')
  assert.equal(await page.getByLabel('Home team').isVisible(), true)
  if (javaScript) assert.equal(await email.inputValue(), '', 'and cleared')
  await page.getByLabel('Display name required').fill('Nightly backup')
  const username = page.getByLabel('Username required')
  assert.equal(await username.inputValue(), javaScript ? 'nightly_backup@service' : '')
  await page.getByLabel('Data Engineering', { exact: true }).check()
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.getByRole('heading', { name: 'Nightly backup', level: 1 }).waitFor()
  assert.match(await page.locator('main').textContent(), /\S+@\S+\.invalid/, 'its address is a made-up one')

  await page.goto(`${server.url}/users`)
  const row = page.locator('tbody tr', { hasText: 'nightly_backup@service' })
  assert.equal(await row.locator('.badge').textContent(), 'Service')
  assert.match(await row.textContent(), /Can do nothing yet/, 'it has no token')
  const own = page.locator('tbody tr', { hasText: ADMIN.username }).first()
  assert.equal(await own.locator('.badge').count(), 0, 'people have no badge')
}

// Both steps, and once back from the second: nothing that was typed is lost.
async function throughTheWizard(page, server, javaScript) {
  const sheet = await openWizard(page, server, { javaScript })
  assert.equal(await sheet.getByLabel('Role required').inputValue(), 'Member', 'the least is chosen at first')
  const everyone = sheet.getByLabel('Public', { exact: true })
  assert.equal(await everyone.isChecked() && await everyone.isDisabled(), true, 'Public is included and cannot be removed')
  await firstStep(sheet, { name: 'API Access', role: 'Editor', teams: [['Data Engineering', 'Maintainer']] })
  if (javaScript) await sheet.getByText('Its id will be api_access@service').waitFor()
  await next(sheet)

  assert.deepEqual(await sheet.locator('.locked').allTextContents(), ['Service', 'api_access@service'], 'filled in, not editable')
  assert.equal(await sheet.getByLabel('Expiration required').inputValue(), '365', '1 year is proposed')
  await secondStep(sheet, { token: 'pipeline-production', expires: '90', scopes: ['users:read', 'teams:read'] })

  await sheet.getByRole('button', { name: 'Back' }).click()
  await sheet.getByRole('button', { name: 'Next' }).waitFor()
  assert.equal(await sheet.getByLabel('Name required').inputValue(), 'API Access')
  assert.equal(await sheet.getByLabel('Role required').inputValue(), 'Editor')
  assert.equal(await sheet.getByLabel('Data Engineering', { exact: true }).isChecked(), true)
  assert.equal(await sheet.getByLabel('Role in Data Engineering').inputValue(), 'Maintainer')
  await next(sheet)
  assert.equal(await sheet.getByLabel('Name required').inputValue(), 'pipeline-production')
  assert.equal(await sheet.getByLabel('Expiration required').inputValue(), '90')
  assert.deepEqual(await sheet.locator('input[name=scope]:checked').evaluateAll((boxes) => boxes.map((box) => box.value)), ['users:read', 'teams:read'])

  const token = await finish(page, sheet)
  assert.match(token, /^lk_svc_/)
  assert.equal(await page.locator('.title .badge').textContent(), 'Service')
  assert.match(await page.locator('main').textContent(), /nobody can see it again/)
  for (const label of ['curl', 'Environment', 'GitHub Actions', 'GitLab CI']) {
    const part = javaScript ? page.getByRole('tab', { name: label }) : page.getByRole('heading', { name: label })
    assert.equal(await part.isVisible(), true, label)
  }
  return token
}

// A plain HTTP client with nothing but the token.
async function program(server, token) {
  const get = (path, headers) => fetch(server.url + path, { headers })
  const bearer = { authorization: `Bearer ${token}` }
  const me = await get('/api/v1/me', bearer)
  assert.equal(me.status, 200)
  const body = await me.json()
  assert.equal(body.user.user_id, 'api_access@service')
  assert.equal(body.user.user_type, 'Service')
  assert.deepEqual(body.user.teams, ['Public', 'Data Engineering'])
  assert.deepEqual([...body.token.effective_scopes].sort(), ['teams:read', 'users:read'])
  const users = await get('/api/v1/users', bearer)
  assert.equal(users.status, 200)
  const listed = (await users.json()).items.map((user) => user.user_name).sort()
  assert.deepEqual(listed, ['ada', 'api_access@service', 'nightly_backup@service'])
  assert.equal((await get('/api/v1/users', {})).status, 401, 'not without the token')
  assert.equal((await get('/users', { ...bearer, 'sec-fetch-site': 'none' })).url.includes('/login'), true, 'nor does it open the portal')
}

// The account itself is told what anyone is told who mistypes a password.
async function barred(page, server, browser, token) {
  await page.goto(`${server.url}/account`)
  await page.locator('.me summary').click()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL(/\/login/)
  browser.allow(/status of (401|403|422|429)/)
  const refused = async (username, password) => {
    await login(page, server, { username, password }, { succeeds: false })
    return page.getByRole('alert').textContent()
  }
  const asService = await refused('api_access@service', token)
  assert.equal(asService, await refused(ADMIN.username, 'not the password at all'))
  await page.goto(`${server.url}/users`)
  assert.equal(new URL(page.url()).pathname, '/login', 'nobody is logged in')
}

test('Escape, the cross and Cancel close the wizard, focus returns, and nothing was made', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server)
    for (const close of ['Escape', 'Close', 'Cancel']) {
      const sheet = await openWizard(page, server)
      await firstStep(sheet, { name: `Left by ${close}` })
      await next(sheet)
      if (close === 'Escape') await page.keyboard.press('Escape')
      else if (close === 'Close') await sheet.getByRole('link', { name: 'Close' }).click()
      else {
        await sheet.getByRole('button', { name: 'Back' }).click()
        await sheet.getByRole('link', { name: 'Cancel' }).click()
      }
      await page.locator('dialog').waitFor({ state: 'hidden' })
      // The dialog tells of its end a moment after it is gone, and then gives the focus back.
      const returned = () => document.activeElement.textContent.trim() === 'Add'
      await page.waitForFunction(returned).catch(() => assert.fail(`the focus does not return after ${close}`))
      await page.reload()
      assert.deepEqual(await names(page.locator('tbody tr')), [ADMIN.display_name])
    }
  })
})

test('a name that is taken is told at its field in the dialog, with one that is free', async () => {
  await withPortal({}, async ({ server, page, browser }) => {
    browser.allow(/status of 422/)
    await setup(page, server)
    for (const [typed, told] of [['API Access', undefined], ['api access', /API Access 2|api access 2/i], ['!!', /./]]) {
      const sheet = await openWizard(page, server)
      await firstStep(sheet, { name: typed })
      await sheet.getByRole('button', { name: 'Next' }).click()
      if (!told) {
        await sheet.getByRole('button', { name: 'Finish', exact: true }).waitFor()
        await secondStep(sheet, { token: 'one' })
        await finish(page, sheet)
        continue
      }
      await sheet.locator('#name[aria-invalid=true]').waitFor()
      const there = () => document.activeElement.id === 'name'
      await page.waitForFunction(there).catch(() => assert.fail('the focus is not where something has to be mended'))
      assert.match(await sheet.locator('#name-error').textContent(), told)
      assert.equal(await sheet.getByLabel('Name required').inputValue(), typed, 'what was typed is kept')
    }
  })
})

test('the whole wizard by keyboard alone', async () => {
  const options = { permissions: ['clipboard-read', 'clipboard-write'] }
  await withPortal(options, async ({ server, page }) => {
    await setup(page, server)
    await page.goto(`${server.url}/teams/new`)
    // What is typed before the field has the focus is lost, as it is for a person.
    await page.waitForFunction(() => document.activeElement.id === 'name')
    await page.keyboard.type('Platform')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Platform', level: 1 }).waitFor()
    await page.goto(`${server.url}/users`)
    const key = (name) => page.keyboard.press(name)

    await tabTo(page, 'Add')
    await key('Enter')
    await tabTo(page, 'Service user')
    await key('Enter')
    await page.getByRole('dialog').waitFor()
    await page.waitForFunction(() => document.activeElement.id === 'name')
    await page.keyboard.type('Terraform runner')
    await tabTo(page, 'Role required')
    await page.keyboard.type('Ed')
    await tabTo(page, 'Platform')
    await key('Space')
    await tabTo(page, 'Role in Platform')
    await page.keyboard.type('Ma')
    await tabTo(page, 'Next')
    await key('Enter')

    await page.waitForFunction(() => document.activeElement.id === 'token_name')
    await page.keyboard.type('plan')
    await tabTo(page, 'Expiration required')
    await page.keyboard.type('30')
    await tabTo(page, 'teams:read')
    await key('Space')
    await tabTo(page, 'Finish')
    await key('Enter')
    const token = await shownToken(page)
    await tabTo(page, 'Copy')
    await key('Enter')
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()) === token, true)
    const me = await (await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).json()
    assert.deepEqual([me.user.role, me.user.memberships[0].role, me.token.effective_scopes], ['Editor', 'Maintainer', ['teams:read']])
    await tabTo(page, 'I have saved it')
    await key('Enter')
    await page.getByRole('heading', { name: 'Terraform runner', level: 1 }).waitFor()
  })
})

// Presses Tab until the focus is on what has this name; each stop on the way must be seen.
async function tabTo(page, name) {
  const passed = []
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const element = document.activeElement
      const { outlineStyle } = getComputedStyle(element)
      const name = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent
      return { name: name.replace(/\s+/g, ' ').trim(), ring: outlineStyle !== 'none', tag: element.tagName }
    })
    if (at.tag !== 'BODY') assert.equal(at.ring, true, `the focus on ${at.name} can be seen`)
    if (at.name === name) return
    passed.push(at.name)
  }
  assert.fail(`Tab did not come to ${name}, but to ${passed.join(', ')}`)
}
