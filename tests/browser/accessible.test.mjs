// Every page of the table of routes, and every page that a POST answers, in light and dark, wide and narrow: axe-core
// finds nothing, the console is silent, nothing scrolls sideways.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PageCoverage, THEMES, WIDTHS, assertAccessible, axe, login, noSidewaysScroll, startServer, visit, withPortal } from './harness.mjs'
import { PASSWORD, accept, api, fill } from './data.mjs'
import { firstStep, openWizard, makeServiceUser, secondStep } from './wizard.mjs'

// What a page must stand, as it is: it is not loaded anew, so that a menu or a dialog stays open and the answer of a POST stays.
// A menu lies over what is below it for as long as it is open, so that half a button may look out from under it.
async function everyLook(page, browser, what, { menu = false } = {}) {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 })
      const where = `${what} (${theme}, ${width} px)`
      if (menu) {
        const { violations } = await axe(page)
        assert.deepEqual(violations.filter((line) => !/^target-size: .*partially obscured/.test(line)), [], `axe-core on ${where}`)
      } else await assertAccessible(page, where)
      await noSidewaysScroll(page, where)
    }
  }
  browser.assertSilent()
  await page.setViewportSize({ width: 1280, height: 900 })
}

test('the log-in, setup and error pages', async () => {
  const fresh = await startServer()
  try {
    await withPortal({}, async ({ server, page, browser }) => {
      const look = (what) => everyLook(page, browser, what)
      await visit(page, fresh.setupLink)
      await look('setup')
      browser.allow(/status of 4\d\d/)
      await page.getByLabel('Username').fill('a b')
      await page.getByLabel('Display name').fill('Ada')
      await page.getByLabel('Email').fill('ada@example')
      await page.getByLabel('Password').fill('password1234')
      await page.getByRole('button', { name: 'Create administrator' }).click()
      await page.locator('[aria-invalid=true]').first().waitFor()
      await look('setup with mistakes')

      const data = await fill(server, page)
      for (const path of ['/nowhere', '/users/99999', '/teams/99999', '/invitation/none', '/reset/none', server.setupLink.slice(server.url.length)]) {
        assert.equal((await page.goto(server.url + path)).status() >= 404, true, path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await look(path.replace(/^(\/setup\/).*/, '$1…'))
      }
      const invited = await api(server, data.admin, 'POST', '/api/v1/users', { name: 'Noor Haddad', username: 'noor', email: 'noor@example.com', user_type: 'Person', role: 'Member', teams: [] })
      await page.context().clearCookies()
      await visit(page, `${server.url}/login?back=%2Fusers`)
      await look('log in')
      await login(page, server, { username: 'mara', password: 'a wrong one' }, { succeeds: false })
      await look('log in refused')
      await visit(page, invited.invitation)
      await look('invitation')
      await page.getByLabel('Password').fill('password1234')
      await page.getByRole('button', { name: 'Set password' }).click()
      await page.getByRole('alert').waitFor()
      await look('invitation with a common password')
    })
  } finally {
    await fresh.stop()
  }
})

test('every page of the table of routes', async () => {
  await withPortal({}, async ({ server, page, browser }) => {
    const covered = await PageCoverage.load(server)
    const data = await fill(server, page)
    const look = (what) => everyLook(page, browser, what)
    const at = async (pattern, params, query, what = '') => {
      await covered.visit(page, pattern, params, query)
      await look(`${pattern}${query ?? ''} ${what}`.trim())
    }
    const user = (name) => ({ id: data.users[name].id })
    const team = (name) => ({ id: data.teams[name] })

    await at('/')
    await at('/users')
    for (const query of ['?status=idle', '?q=nobody-of-that-name', '?kind=agent&sort=-last_seen']) await at('/users', {}, query)
    await at('/users/new')
    await at('/users/service/new')
    await at('/users/service/new/token', {}, `?name=Invoice+export&role=Editor&team=${data.teams.Billing}&team_role_${data.teams.Billing}=Maintainer`)
    await at('/users/bulk', {}, `?action=disable&${Object.values(data.users).map(({ id }) => `id=${id}`).join('&')}`)
    for (const name of Object.keys(data.users)) await at('/users/{id}', user(name), '', name)
    for (const name of ['API Access', 'Nightly backup', 'Jonas Lindqvist', 'Release notes writer']) {
      for (const tab of ['teams', 'tokens', 'activity', 'permissions']) await at(`/users/{id}/${tab}`, user(name), '', name)
    }
    await at('/users/{id}/tokens', user('Old importer'), '', 'never expires')
    await at('/users/{id}/tokens/new', user('API Access'))
    for (const [name, token] of [['API Access', 'pipeline-production'], ['Release notes writer', 'drafts']]) {
      await at('/users/{id}/tokens/{token}', { ...user(name), token: data.tokens[name][token].id }, '', `${name}, ${token}`)
    }
    await at('/users/{id}/tokens/{token}/revoke', { ...user('API Access'), token: data.tokens['API Access']['pipeline-staging'].id })
    await at('/users/{id}/teams/{team}/remove', { ...user('Jonas Lindqvist'), team: data.teams.Support })
    await at('/users/{id}/disable', user('API Access'))
    await at('/users/{id}/enable', user('Old importer'))
    for (const act of ['end-sessions', 'link', 'turn-into-service']) await at(`/users/{id}/${act}`, user('Jonas Lindqvist'))
    await at('/users/{id}/link', user('Sunita Nair'), '', 'invited')
    await at('/users/{id}/delete', user('Nightly backup'))

    await at('/teams')
    await at('/teams', {}, '?q=none-of-that-name')
    await at('/teams/new')
    await at('/teams/{id}', team('Platform'))
    await at('/teams/{id}', { id: 1 }, '', 'Public')
    await at('/teams/{id}/service-accounts', team('Data Engineering'))
    await at('/teams/{id}/service-accounts', team('Support'), '', 'none')
    for (const kind of ['person', 'service']) await at('/teams/{id}/members/new', team('Billing'), `?kind=${kind}`)
    await at('/teams/{id}/members/new', team('Billing'), '?q=nobody-of-that-name')
    await at('/teams/{id}/members/{user}/remove', { ...team('Platform'), user: data.users['Jonas Lindqvist'].id })
    await at('/teams/{id}', team('Platform'), '?q=ada&role=Owner')
    await at('/teams/{id}', team('Platform'), '?q=nobody-of-that-name')
    await at('/teams/{id}/activity', team('Platform'))
    await at('/teams/{id}/activity', team('Support'))
    await at('/teams/{id}/settings', team('Platform'))
    await at('/teams/{id}/delete', team('Platform'), '', 'a home')
    await at('/teams/{id}/delete', { id: (await api(server, data.admin, 'POST', '/api/v1/teams', { name: 'Short-lived' })).id })

    const importer = await api(server, data.admin, 'POST', '/api/v1/roles', { name: 'Importer', description: 'Brings in invoices.', permissions: ['tokens:read'] })
    await at('/roles')
    await at('/roles/new')
    await at('/roles/new', {}, '?from=3')
    await at('/roles/organisation/{name}', { name: 'Manager' })
    await at('/roles/{id}', { id: 3 }, '', 'predefined')
    await at('/roles/{id}', importer, '', 'custom, nobody has it')
    await at('/roles/{id}/delete', importer)
    await api(server, data.admin, 'PUT', `/api/v1/teams/${data.teams.Billing}/members/${data.users['API Access'].id}`, { role: 'Importer' }, 204)
    await at('/roles/{id}', importer, '', 'custom, in use')
    await at('/settings')
    await api(server, data.admin, 'PATCH', '/api/v1/settings', { only_admins_manage_service_accounts: true })
    await at('/settings', {}, '', 'left to administrators')
    await api(server, data.admin, 'PATCH', '/api/v1/settings', { only_admins_manage_service_accounts: false })

    for (const tab of ['', '/password', '/sessions', '/tokens', '/tokens/new', '/activity']) await at(`/account${tab}`)
    await page.goto(`${server.url}/account/tokens`)
    const revoke = new URL(await page.getByRole('link', { name: /^Revoke/ }).first().getAttribute('href'), server.url)
    await at('/account/tokens/{token}', { token: revoke.pathname.split('/').at(-2) }, '', 'a global-admin token')
    await at('/account/tokens/{token}/revoke', { token: revoke.pathname.split('/').at(-2) })

    // The pages that need no session, or another one.
    const reset = await api(server, data.admin, 'POST', '/api/v1/users', { name: 'Noor Haddad', username: 'noor', email: 'noor@example.com', user_type: 'Person', role: 'Member', teams: ['Platform'] })
    await page.goto(`${server.url}/users/${data.users['Jonas Lindqvist'].id}/link`)
    await page.getByRole('button', { name: 'Make a reset link' }).click()
    const link = await page.getByRole('textbox', { name: 'Link' }).textContent()
    await look('a reset link, seen once')
    await page.context().clearCookies()
    const secret = (address) => ({ secret: address.split('/').at(-1) })
    await at('/login')
    await at('/invitation/{secret}', secret(reset.invitation))
    await at('/reset/{secret}', secret(link))

    // As somebody who may do next to nothing: what is not drawn leaves no gap.
    await accept(reset.invitation)
    await login(page, server, { username: 'noor', password: PASSWORD })
    for (const path of ['/', '/users', `/users/${data.users['Terraform runner'].id}`, '/teams', `/teams/${data.teams.Platform}`, `/teams/${data.teams.Platform}/settings`, '/account/tokens']) {
      browser.allow(/status of 403/)
      await page.goto(server.url + path)
      await look(`${path} as a member`)
    }

    covered.seen('/setup/{secret}', 'it needs a store without an Admin; the test before this one opens it')
    covered.seen('/users/service', 'it leads on to the list; its answer to a POST is in the test after this one')
    covered.seen('/users/service/preview', 'it answers JSON, for the field in which a name is typed')
    covered.assertComplete()
  })
})

test('the pages that POSTs answer, dialogs and menus', async () => {
  await withPortal({}, async ({ server, page, browser }) => {
    const data = await fill(server, page, { except: ['API Access'] })
    const look = (what, options) => everyLook(page, browser, what, options)
    const open = (path) => visit(page, server.url + path)
    const press = (name) => page.getByRole('button', { name, exact: true }).click()
    browser.allow(/status of (409|422)/)

    // Menus.
    await open('/users')
    await page.locator('.me summary').click()
    await look('the account menu', { menu: true })
    await page.keyboard.press('Escape')
    await page.locator('summary', { hasText: 'Add' }).click()
    await look('the Add menu', { menu: true })
    await page.getByLabel('Actions for Ada Okafor').click()
    await look('the menu of a row', { menu: true })
    await page.keyboard.press('Escape')
    await page.getByLabel('Select Jonas Lindqvist').check()
    await page.getByLabel('Select Terraform runner').check()
    await look('two rows selected')

    // Dialogs over the list.
    const close = async () => {
      await page.keyboard.press('Escape')
      await page.locator('dialog').waitFor({ state: 'hidden' })
    }
    await press('Disable selected')
    await page.getByRole('dialog').waitFor()
    await look('asking before several are disabled')
    await close()
    for (const act of ['Disable', 'Delete']) {
      await page.getByLabel('Actions for Terraform runner').click()
      await page.getByRole('link', { name: act, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await look(`asking before ${act}`)
      await close()
    }
    const sheet = await openWizard(page, server)
    await firstStep(sheet, { name: 'Terraform runner', teams: [['Platform', 'Viewer']] })
    await sheet.getByRole('button', { name: 'Next' }).click()
    await sheet.locator('#name[aria-invalid=true]').waitFor()
    await look('the wizard, first step, with a mistake')
    await firstStep(sheet, { name: 'API Access', role: 'Editor', teams: [['Data Engineering', 'Maintainer'], ['Data Quality', 'Viewer']] })
    await sheet.getByRole('button', { name: 'Next' }).click()
    await sheet.getByRole('button', { name: 'Finish', exact: true }).waitFor()
    await secondStep(sheet, { token: 'pipeline', expires: 'date', scopes: ['users:read'] })
    await sheet.getByLabel('Global admin').check()
    await sheet.getByText('Limit to teams').first().click()
    await look('the wizard, second step')
    await sheet.getByLabel('Global admin').uncheck()
    await sheet.getByRole('button', { name: 'Finish', exact: true }).click()
    await page.locator('#expires_on[aria-invalid=true]').waitFor()
    await look('the wizard, second step, with a mistake')
    await makeServiceUser(page, server, { name: 'API Access', teams: [['Data Engineering', 'Maintainer']] })
    await look('the token, seen once')
    const [, id] = (await page.getByRole('link', { name: 'I have saved it' }).getAttribute('href')).match(/\/users\/(\d+)/)
    await page.reload()
    await page.locator('.notice').waitFor()
    await look('the form was sent twice')

    // A token that acts as an Admin, and how it is marked.
    await open(`/users/${id}/tokens/new`)
    await page.getByLabel('Name required').fill('pipeline')
    await press('Create token')
    await page.locator('#token_name[aria-invalid=true]').waitFor()
    await look('a token whose name is taken')
    await page.getByLabel('Name required').fill('everything')
    await page.getByLabel('Global admin').check()
    await press('Create token')
    await page.getByRole('textbox', { name: 'Access token' }).waitFor()
    await look('a global-admin token, seen once')
    await page.getByRole('link', { name: 'I have saved it' }).click()
    await page.waitForURL(/\/users\/\d+/)
    await open(`/users/${id}/tokens`)
    await look('tokens, one of them of a global admin')
    await page.getByRole('link', { name: 'Edit pipeline' }).click()
    await page.getByLabel('users:read', { exact: true }).uncheck()
    await page.getByLabel('teams:read', { exact: true }).check()
    await page.getByLabel('In these teams alone').check()
    await page.getByLabel('Data Engineering').check()
    await page.locator('.deltas', { hasText: '− users:read' }).waitFor()
    await look('a token being changed')
    await page.getByLabel('Name required').fill('everything')
    await press('Save Changes')
    await page.locator('#name[aria-invalid=true]').waitFor()
    await look('a token changed with a mistake')
    await page.getByRole('link', { name: 'Discard' }).click()
    await page.getByLabel('teams:read', { exact: true }).check()
    await press('Save Changes')
    await page.getByRole('status').first().waitFor()
    await look('a token that was changed')
    await page.getByRole('link', { name: 'Access tokens' }).last().click()
    await page.getByRole('link', { name: 'Revoke pipeline' }).click()
    await page.getByRole('dialog').waitFor()
    await look('asking before a token is revoked')
    await page.getByRole('dialog').getByRole('button', { name: /Revoke/ }).click()
    await page.locator('.status.off', { hasText: 'evoked' }).first().waitFor()
    await look('a revoked token, and that it is')

    // Create user.
    await open('/users/new')
    await page.getByLabel('The user is a service account').check()
    await look('Create user, a service account')
    await page.getByLabel('The user is a service account').uncheck()
    await page.getByLabel('Display name').fill('Ada Okafor')
    await page.getByLabel('Username').fill('ada.okafor')
    await page.getByLabel('Email').fill('ada.okafor@example.com')
    await press('Create user')
    await page.locator('[aria-invalid=true]').first().waitFor()
    await look('Create user, with mistakes')
    await page.getByLabel('Display name').fill('Ada Obi')
    await page.getByLabel('Username').fill('ada.obi')
    await page.getByLabel('Email').fill('ada.obi@example.com')
    await press('Create user')
    await page.getByRole('textbox', { name: 'Link' }).waitFor()
    await look('an invitation, seen once')

    // Two editors.
    const jonas = data.users['Jonas Lindqvist'].id
    await open(`/users/${jonas}`)
    await api(server, data.admin, 'PATCH', `/api/v1/users/${jonas}`, { name: 'Jonas Lind' })
    await page.getByLabel('Email').fill('jonas@example.com')
    await press('Save changes')
    await page.getByRole('alert').first().waitFor()
    await look('somebody else was faster')

    // Own account, teams.
    await open('/account/password')
    await page.getByLabel('Present password').fill('wrong')
    await page.getByLabel('New password').fill('password1234')
    await press('Change password')
    await page.locator('[aria-invalid=true]').first().waitFor()
    await look('a new password refused')
    await open('/teams/new')
    await page.getByLabel('Name required').fill('Platform')
    await press('Create team')
    await page.locator('[aria-invalid=true]').first().waitFor()
    await look('a team whose name is taken')
    await open(`/teams/${data.teams.Platform}/settings`)
    await page.getByLabel('Description').fill('Clusters.')
    await press('Save changes')
    await page.getByRole('status').first().waitFor()
    await look('a team saved')
    await page.getByRole('link', { name: 'Delete team' }).click()
    await page.getByRole('dialog').getByRole('button', { name: /^Move (it|all)/ }).waitFor()
    await look('asking where the accounts of a team are to go')
    await page.getByRole('dialog').getByLabel('New home').selectOption('Data Quality')
    await page.getByRole('dialog').getByRole('button', { name: /^Move (it|all)/ }).click()
    await page.getByRole('heading', { name: 'Delete Platform?' }).waitFor()
    await look('a team that can be deleted now')
    await open('/settings')
    await page.getByLabel('Only administrators manage service accounts').check()
    await press('Save changes')
    await page.getByRole('status').first().waitFor()
    await look('settings saved')
    await page.getByLabel('Only administrators manage service accounts').uncheck()
    await press('Save changes')
    await page.getByRole('status').first().waitFor()

    // A role in use: what the change does is asked in a dialog.
    const importer = await api(server, data.admin, 'POST', '/api/v1/roles', { name: 'Importer', permissions: ['tokens:read'] })
    await api(server, data.admin, 'PUT', `/api/v1/teams/${data.teams.Billing}/members/${data.users['Nightly backup'].id}`, { role: 'Importer' }, 204)
    await open(`/roles/${importer.id}`)
    await page.getByLabel('tokens:create', { exact: true }).check()
    await page.getByLabel('tokens:read', { exact: true }).uncheck()
    await look('a role with changes')
    await press('Save changes')
    await page.getByRole('dialog').getByText('1 service account gains tokens:create in Billing.').waitFor()
    await look('what the change of a role does')
    await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('status').first().waitFor()
    await look('a role saved')
    await page.getByLabel('Name required').fill('Owner')
    await press('Save changes')
    await page.locator('#name[aria-invalid=true]').waitFor()
    await look('a role whose name is taken')

    // The theme that somebody chose, against the system's.
    await page.locator('.me summary').click()
    await press('Dark')
    await page.waitForSelector('html[data-theme=dark]')
    await look('dark by choice')
    await page.goto(`${server.url}/users`)
    await look('the list, dark by choice')
  })
})
