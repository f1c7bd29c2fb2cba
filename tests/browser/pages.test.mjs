// What somebody at the pages would notice.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN, login, setup, visit, withPortal } from './harness.mjs'
import { MARA, api, fill, tokenByCommand } from './data.mjs'
import { finish, firstStep, next, openWizard, secondStep, shownToken } from './wizard.mjs'

const shown = (page) => page.locator('tbody a.name').allTextContents()
const focused = (page) => page.evaluate(() => {
  const { activeElement: at } = document
  return at.id || at.getAttribute('aria-label') || at.textContent.trim()
})
const users = async (server, token) => (await api(server, token, 'GET', '/api/v1/users?limit=200')).items

test('several are selected, counted, asked about in a dialog, and disabled together', async () => {
  await withPortal({}, async ({ server, page }) => {
    const data = await fill(server, page)
    await visit(page, `${server.url}/users`)
    const row = (name) => page.locator('tbody tr', { hasText: name })
    const bulk = page.locator('#bulk')
    assert.equal(await bulk.isVisible(), false, 'nothing is offered before something is selected')
    for (const name of ['Jonas Lindqvist', 'Terraform runner']) await page.getByLabel(`Select ${name}`).check()
    await page.getByText('2 selected').waitFor()
    assert.equal(await page.getByLabel('Select all on this page').evaluate((box) => box.indeterminate), true)

    await page.getByRole('button', { name: 'Disable selected' }).click()
    const dialog = page.getByRole('dialog', { name: 'Disable 2 users?' })
    await dialog.waitFor()
    assert.deepEqual((await dialog.locator('.ticked label').allTextContents()).map((text) => text.split(' (')[0]).sort(), ['Jonas Lindqvist', 'Terraform runner'])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    assert.equal(await focused(page), 'Disable selected', 'focus returns')
    assert.equal(await page.locator('.row-check:checked').count(), 2, 'and so does what was selected')

    await page.getByRole('button', { name: 'Disable selected' }).click()
    await dialog.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByRole('status').getByText('2 users were disabled').waitFor()
    for (const name of ['Jonas Lindqvist', 'Terraform runner']) assert.equal(await row(name).locator('.status').textContent(), 'Disabled')
    assert.equal(await row('API Access').locator('.status').textContent(), 'Active')
    await api(server, data.tokens['Terraform runner']['plan and apply'].token, 'GET', '/api/v1/me', undefined, 401)

    await page.getByLabel('Select all on this page').check()
    assert.equal(await page.locator('.row-check:checked').count(), await page.locator('.row-check').count())
    await page.getByLabel('Select all on this page').uncheck()
    await bulk.waitFor({ state: 'hidden' })
  })
})

for (const javaScript of [true, false]) {
  test(`filters, search and order narrow the list together, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page }) => {
      await fill(server, page)
      await visit(page, `${server.url}/users`)
      const apply = page.getByRole('button', { name: 'Apply' })
      assert.equal(await apply.isVisible(), !javaScript, 'a button only where it is needed')
      const after = (act, pattern) => Promise.all([page.waitForURL(pattern), act()])
      await after(() => page.getByRole('navigation', { name: 'Kind' }).getByRole('link', { name: /^Service/ }).click(), /kind=service/)
      assert.deepEqual(await shown(page), ['API Access', 'Nightly backup', 'Old importer', 'Terraform runner'])
      await after(async () => {
        await page.getByLabel('Status').selectOption('Disabled')
        if (!javaScript) await apply.click()
      }, /status=disabled/)
      assert.deepEqual(await shown(page), ['Old importer'], 'the kind is kept')
      assert.equal(await page.getByLabel('Status').evaluate((select) => select.selectedOptions[0].textContent), 'Disabled')
      await page.getByRole('searchbox').fill('no such name')
      await after(() => page.getByRole('searchbox').press('Enter'), /q=no/)
      await page.getByRole('heading', { name: 'Nobody matches' }).waitFor()
      await after(() => page.getByRole('link', { name: 'Clear search and filters' }).click(), /\/users$/)
      await after(() => page.getByRole('link', { name: 'User', exact: true }).click(), /sort=-name/)
      assert.equal((await shown(page))[0], 'Terraform runner', 'falling')
      assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'User')
    })
  })
}

for (const javaScript of [true, false]) {
  test(`a role in use is changed by keyboard after its effect is shown, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page }) => {
      const data = await fill(server, page)
      const role = await api(server, data.admin, 'POST', '/api/v1/roles', { name: 'Importer', permissions: ['tokens:read'] })
      for (const name of ['API Access', 'Nightly backup', 'Terraform runner']) await api(server, data.admin, 'PUT', `/api/v1/teams/${data.teams.Billing}/members/${data.users[name].id}`, { role: 'Importer' }, 204)
      await visit(page, `${server.url}/roles`)
      await page.getByRole('link', { name: 'Importer' }).click()
      await page.waitForURL(/\/roles\/\d+$/)
      // The heads of row and column are announced with each box, at any width.
      await page.setViewportSize({ width: 390, height: 900 })
      const matrix = page.getByRole('group', { name: 'Permissions' }).getByRole('table')
      assert.deepEqual(await matrix.getByRole('columnheader').allTextContents(), ['Resource', 'Read', 'Create', 'Update', 'Delete'])
      assert.equal(await matrix.getByRole('rowheader').count(), 6)
      assert.equal(await page.getByRole('button', { name: 'All: Permissions' }).isVisible(), javaScript)
      await page.getByLabel('tokens:read', { exact: true }).focus()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Space')
      assert.equal(await page.getByLabel('tokens:create', { exact: true }).isChecked(), true)
      await page.getByRole('button', { name: 'Save changes' }).press('Enter')
      const question = javaScript ? page.getByRole('dialog', { name: 'Change Importer for those who have it?' }) : page.locator('main')
      await question.getByText('3 service accounts gain tokens:create in Billing.').waitFor()
      const held = async () => (await api(server, data.admin, 'GET', `/api/v1/roles/${role.id}`)).permissions
      assert.deepEqual(await held(), ['tokens:read'], 'nothing is saved unseen')
      if (javaScript) {
        await page.keyboard.press('Escape')
        await question.waitFor({ state: 'hidden' })
        assert.equal(await focused(page), 'Save changes', 'focus returns')
        assert.equal(await page.getByLabel('tokens:create', { exact: true }).isChecked(), true, 'and so does what was ticked')
        await page.getByRole('button', { name: 'Save changes' }).press('Enter')
        await question.waitFor()
      }
      await question.getByRole('button', { name: 'Save changes' }).press('Enter')
      await page.getByRole('status').getByText('Saved.').waitFor()
      assert.deepEqual(await held(), ['tokens:read', 'tokens:create'])
      if (javaScript) {
        await page.getByRole('button', { name: 'None: Permissions' }).click()
        assert.equal(await page.locator('input[name=permission]:checked').count(), 0)
        await page.getByRole('button', { name: 'Read-only: Permissions' }).click()
        assert.equal(await page.locator('input[name=permission]:checked').count(), 6)
      }
    })
  })
}

for (const javaScript of [true, false]) {
  test(`unused scopes are dropped by keyboard, and one sees which before it is saved, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page }) => {
      const data = await fill(server, page)
      const { id } = data.users['Terraform runner']
      const made = await api(server, data.admin, 'POST', `/api/v1/users/${id}/tokens`, { name: 'narrow', expires_in_days: 30, scopes: ['users:read', 'teams:read', 'tokens:read'] })
      await api(server, made.token, 'GET', '/api/v1/teams')
      await page.setViewportSize({ width: 390, height: 900 })
      await visit(page, `${server.url}/users/${id}/tokens/${made.id}`)
      const box = (scope) => page.getByLabel(scope, { exact: true })
      // Each box says whether it was used, not by colour alone.
      const told = (scope) => box(scope).evaluate((input) => document.getElementById(input.getAttribute('aria-describedby')).textContent)
      assert.equal(await told('teams:read'), 'used today')
      assert.match(await told('users:read'), /^not used since \d+ \w+ \d{4}$/)
      await page.getByText('2 of 3 scopes were not used in the last 90 days.').waitFor()
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits')
      const drop = page.getByRole('button', { name: 'Drop unused scopes' })
      await drop.focus()
      await page.keyboard.press('Enter')
      if (javaScript) await page.locator('[data-delta]').getByText('− users:read').waitFor()
      else await page.getByText('Nothing is saved yet.').waitFor()
      const ticked = () => page.locator('input[name=scope]:checked').evaluateAll((all) => all.map((one) => one.value))
      assert.deepEqual(await ticked(), ['teams:read'])
      const scopes = async () => (await api(server, data.admin, 'GET', `/api/v1/users/${id}/tokens/${made.id}`)).scopes
      assert.equal((await scopes()).length, 3, 'nothing is saved unseen')
      await page.getByRole('button', { name: 'Save Changes' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('status').filter({ hasText: 'narrow is saved' }).first().waitFor()
      assert.deepEqual(await scopes(), ['teams:read'])
      await page.getByText('Every scope was used in the last 90 days.').waitFor()
    })
  })
}

for (const javaScript of [true, false]) {
  test(`s4: the scopes of a new token are ticked by keyboard at 390 px, on its page and in the wizard, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page, browser }) => {
      browser.allow(/status of 422/)
      const data = await fill(server, page, { except: ['API Access'] })
      await page.setViewportSize({ width: 390, height: 844 })
      const fits = () => page.evaluate(() => {
        const grid = document.querySelector('.grid')
        return document.documentElement.scrollWidth <= innerWidth && grid.scrollWidth <= grid.clientWidth
      })
      const ticked = (sheet) => sheet.locator('input[name=scope]:checked').evaluateAll((all) => all.map((one) => one.value))
      // Ticks two boxes of a row, by Tab and the space bar alone, in the matrix of `sheet`.
      const tick = async (sheet) => {
        const matrix = sheet.getByRole('group', { name: 'Scopes' }).getByRole('table')
        assert.deepEqual(await matrix.getByRole('columnheader').allTextContents(), ['Resource', 'Read', 'Create', 'Update', 'Delete'])
        assert.equal(await fits(), true, 'nothing sticks out')
        await sheet.getByLabel('tokens:read', { exact: true }).focus()
        await page.keyboard.press('Space')
        await page.keyboard.press('Tab')
        await page.keyboard.press('Space')
        assert.deepEqual(await ticked(sheet), ['tokens:read', 'tokens:create'])
      }
      const press = async (sheet, name) => {
        await sheet.getByRole('button', { name, exact: true }).focus()
        await page.keyboard.press('Enter')
      }

      const { id } = data.users['Terraform runner']
      await visit(page, `${server.url}/users/${id}/tokens/new`)
      const form = page.locator('main')
      await tick(form)
      if (javaScript) {
        await press(form, 'Read-only: Scopes')
        assert.equal((await ticked(form)).every((scope) => scope.endsWith(':read')), true)
        await press(form, 'None: Scopes')
        assert.deepEqual(await ticked(form), [])
        await tick(form)
      } else assert.equal(await form.getByRole('button', { name: 'All: Scopes' }).isVisible(), false)
      await form.getByLabel('Name required').fill('plan and apply')
      await press(form, 'Create token')
      await page.locator('#token_name[aria-invalid=true]').waitFor()
      assert.deepEqual(await ticked(form), ['tokens:read', 'tokens:create'], 'kept where the form comes back')
      await form.getByLabel('Name required').fill('keys')
      await press(form, 'Create token')
      await shownToken(page)
      const { items } = await api(server, data.admin, 'GET', `/api/v1/users/${id}/tokens`)
      assert.deepEqual(items.find(({ name }) => name === 'keys').scopes, ['tokens:read', 'tokens:create'])

      const sheet = await openWizard(page, server, { javaScript })
      await firstStep(sheet, { name: 'API Access', teams: [['Platform', 'Maintainer']] })
      await press(sheet, 'Next')
      await sheet.getByRole('button', { name: 'Finish', exact: true }).waitFor()
      await tick(sheet)
      await press(sheet, 'Back')
      await sheet.getByRole('button', { name: 'Next' }).waitFor()
      await press(sheet, 'Next')
      await sheet.getByRole('button', { name: 'Finish', exact: true }).waitFor()
      assert.deepEqual(await ticked(sheet), ['tokens:read', 'tokens:create'], 'kept on the way back')
    })
  })
}

test('s4: what a change of a token would do stays in sight, and covers nothing that has the focus', async () => {
  await withPortal({ width: 1280, height: 800 }, async ({ server, page }) => {
    const data = await fill(server, page)
    await visit(page, `${server.url}/users/${data.users['API Access'].id}/tokens/${data.tokens['API Access']['pipeline-production'].id}`)
    await page.getByLabel('tokens:read', { exact: true }).check()
    await page.locator('[data-delta]').getByText('+ tokens:read').waitFor()
    assert.equal(await page.evaluate(() => scrollY), 0)
    const bar = page.locator('.savebar')
    const { y, height } = await bar.boundingBox()
    assert.ok(y + height <= 800, 'the bar is seen without scrolling')
    const at = () => page.evaluate(() => {
      const { activeElement: focused } = document
      const bar = document.querySelector('.savebar')
      const covers = !bar.contains(focused) && focused.getBoundingClientRect().bottom > bar.getBoundingClientRect().top
      return { name: focused.name || focused.textContent.trim(), covers }
    })
    const seen = []
    while (seen.at(-1) !== 'Save Changes') {
      await page.keyboard.press('Tab')
      const { name, covers } = await at()
      seen.push(name)
      assert.equal(covers, false, `the bar covers ${name}`)
    }
    assert.ok(['scope', 'limit', 'name', 'description', 'networks'].every((name) => seen.includes(name)), `${seen}`)
  })
})

test('the theme that is chosen stays, also on the log-in page and when the browser is opened again', async () => {
  await withPortal({ theme: 'light' }, async ({ server, page }) => {
    await setup(page, server)
    await visit(page, `${server.url}/teams?q=pub`)
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    assert.equal(await ground(), 'rgb(246, 247, 249)')
    await page.locator('.me summary').click()
    await page.getByRole('button', { name: 'Dark' }).click()
    await page.locator('html[data-theme=dark]').waitFor()
    assert.match(page.url(), /\/teams\?q=pub$/, 'on the page where one was')
    assert.equal(await ground(), 'rgb(15, 20, 29)')
    const kept = (await page.context().cookies()).filter((cookie) => cookie.expires > Date.now() / 1000 + 86_400 * 30)
    assert.equal(kept.length > 0, true, 'kept beyond the session')
    await page.locator('.me summary').click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(/\/login/)
    assert.equal(await ground(), 'rgb(15, 20, 29)')
    await login(page, server, ADMIN)
    await page.locator('.me summary').click()
    await page.getByRole('button', { name: 'System' }).click()
    await page.locator('html:not([data-theme])').waitFor()
    assert.equal(await ground(), 'rgb(246, 247, 249)')
  })
})

test('a form with mistakes keeps what was typed and puts the focus on the first of them', async () => {
  await withPortal({}, async ({ server, page, browser }) => {
    browser.allow(/status of 422/)
    await setup(page, server)
    await visit(page, `${server.url}/users/new`)
    const typed = { 'Display name': 'Ada Byron', Username: 'ADA', Email: 'ada.byron@example.com' }
    for (const [label, text] of Object.entries(typed)) await page.getByLabel(`${label} required`).fill(text)
    await page.getByLabel('Organisation role').selectOption('Editor')
    await page.getByRole('button', { name: 'Create user' }).click()
    await page.locator('#username[aria-invalid=true]').waitFor()
    await page.waitForFunction(() => document.activeElement.id === 'username')
    for (const [label, text] of Object.entries(typed)) assert.equal(await page.getByLabel(`${label} required`).inputValue(), text)
    assert.equal(await page.getByLabel('Organisation role').inputValue(), 'Editor')
    const described = await page.locator('#username').getAttribute('aria-describedby')
    assert.match(described, /username-error/, 'and a screen reader is told')
    await page.getByLabel('Username required').fill('byron')
    await page.getByRole('button', { name: 'Create user' }).click()
    await page.getByRole('textbox', { name: 'Link' }).waitFor()
  })
})

test('two clicks on Finish make one account, and show its token', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server)
    const admin = await tokenByCommand(server, ADMIN.username)
    const sheet = await openWizard(page, server)
    await firstStep(sheet, { name: 'API Access' })
    await next(sheet)
    await secondStep(sheet, { token: 'pipeline' })
    // The first answer is held back, as on a slow line, until the second click is done.
    let sent = 0
    let release
    const released = new Promise((resolve) => (release = resolve))
    let first
    const arrived = new Promise((resolve) => (first = resolve))
    await page.route('**/users/service', async (route) => {
      sent += 1
      first()
      await released
      await route.continue().catch(() => {})
    })
    const { x, y, width, height } = await sheet.getByRole('button', { name: 'Finish', exact: true }).boundingBox()
    const click = () => page.mouse.click(x + width / 2, y + height / 2)
    await click()
    await arrived
    await click()
    release()
    await page.getByRole('heading', { name: 'The service account and its token are ready' }).waitFor()
    assert.equal(sent, 1, 'it is sent once')
    const made = (await users(server, admin)).filter((user) => user.user_type === 'Service')
    assert.equal(made.length, 1)
    const tokens = await api(server, admin, 'GET', `/api/v1/users/${made[0].id}/tokens`)
    assert.equal(tokens.items.length, 1)
  })
})

test('of two tabs that edit the same user the second is told, and keeps what was typed', async () => {
  await withPortal({}, async ({ server, page, browser }) => {
    browser.allow(/status of 409/)
    const data = await fill(server, page)
    const address = `${server.url}/users/${data.users['API Access'].id}`
    const second = await browser.page()
    for (const tab of [page, second]) await visit(tab, address)
    await page.getByLabel('Description').fill('Reads users for the nightly report.')
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('status').waitFor()
    await second.getByLabel('Display name').fill('API Access (EU)')
    await second.getByLabel('Description').fill('Written in the second tab.')
    await second.getByRole('button', { name: 'Save changes' }).click()
    const told = second.getByRole('alert').filter({ hasText: 'changed this user while you were editing' })
    await told.waitFor()
    assert.match(await told.textContent(), /Reads users for the nightly report\./, 'it says what the other wrote')
    assert.equal(await second.getByLabel('Display name').inputValue(), 'API Access (EU)')
    assert.equal(await second.getByLabel('Description').inputValue(), 'Written in the second tab.')
    const before = await api(server, data.admin, 'GET', `/api/v1/users/${data.users['API Access'].id}`)
    assert.equal(before.description, 'Reads users for the nightly report.', 'nothing was lost')
    await second.getByRole('button', { name: 'Save changes' }).click()
    await second.getByRole('heading', { name: 'API Access (EU)', level: 1 }).waitFor()
    const after = await api(server, data.admin, 'GET', `/api/v1/users/${data.users['API Access'].id}`)
    assert.equal(after.description, 'Written in the second tab.', 'nor is the second locked out')
  })
})

test('the back button after a form leads to the page before it, and nothing is done twice', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server)
    const admin = await tokenByCommand(server, ADMIN.username)
    await visit(page, `${server.url}/teams`)
    await page.getByRole('link', { name: 'Create team' }).click()
    await page.getByLabel('Name required').fill('Platform')
    await page.getByRole('button', { name: 'Create team' }).click()
    await page.getByRole('heading', { name: 'Platform', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Platform', level: 1 }).waitFor()
    await page.goBack()
    assert.equal(new URL(page.url()).pathname, '/teams/new', 'a GET, not a form to be sent again')
    await page.goBack()
    assert.equal(new URL(page.url()).pathname, '/teams')
    await page.goForward()
    await page.goForward()
    await page.getByRole('heading', { name: 'Platform', level: 1 }).waitFor()
    const { items } = await api(server, admin, 'GET', '/api/v1/teams')
    assert.deepEqual(items.map((team) => team.name).sort(), ['Platform', 'Public'])
  })
})

test('the keyboard skips to the content, and opens and closes menus', async () => {
  await withPortal({}, async ({ server, page }) => {
    await fill(server, page)
    await visit(page, `${server.url}/users`)
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to content')
    assert.equal((await page.getByRole('link', { name: 'Skip to content' }).boundingBox()).width > 40, true, 'it is seen when it has the focus')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), true)

    const menu = page.locator('details.menu').first()
    assert.equal(await focused(page), 'Add')
    await page.keyboard.press('Enter')
    await menu.locator('.menu-list').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'User')
    await page.keyboard.press('Escape')
    await menu.locator('.menu-list').waitFor({ state: 'hidden' })
    assert.equal(await focused(page), 'Add', 'the focus is back where the menu was opened')

    await page.keyboard.press('Space')
    await menu.locator('.menu-list').waitFor()
    const other = page.getByLabel('Actions for Ada Okafor')
    await other.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Open', exact: true }).waitFor()
    assert.equal(await page.locator('details[open]').count(), 1, 'one menu at a time')
    await page.mouse.click(640, 60)
    assert.equal(await page.locator('details[open]').count(), 0, 'a click elsewhere closes it')
  })
})

test('a session that has ended leads to the log-in page and from there back', async () => {
  await withPortal({}, async ({ server, page }) => {
    await setup(page, server, MARA)
    await visit(page, `${server.url}/teams?q=public`)
    await page.context().clearCookies()
    await page.getByRole('link', { name: 'Public' }).first().click()
    await page.waitForURL(/\/login\?back=/)
    await page.getByLabel('Username or email').fill(MARA.email)
    await page.getByLabel('Password').fill(MARA.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Public', level: 1 }).waitFor()
  })
})
