// The day of a team's Owner who is no administrator: everything about their team's service accounts, and nothing of other teams.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD, accept, api, fill } from './data.mjs'
import { flavours, login, visit, withPortal } from './harness.mjs'
import { next, secondStep, shownToken } from './wizard.mjs'

const OLGA = { username: 'olga', password: PASSWORD }
const NAME = 'Invoice export'

for (const flavour of flavours()) {
  for (const javaScript of [true, false]) {
    test(`an Owner makes a service account, gives it a role, and narrows, rotates, suspends and revokes its token, JavaScript ${javaScript ? 'on' : 'off'}, on ${flavour}`, async () => {
      await withPortal({ flavour, javaScript }, async ({ server, page: own }) => {
        const data = await fill(server, own)
        const made = await api(server, data.admin, 'POST', '/api/v1/users', {
          user_type: 'Person', name: 'Olga Ivers', username: OLGA.username, email: 'olga@example.com', role: 'Member',
          teams: [{ team: 'Billing', role: 'Owner' }],
        })
        await accept(made.invitation)
        await own.context().clearCookies()
        await login(own, server, OLGA)

        let token = await makesOne(own, server, javaScript)
        const asked = (path) => fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } })
        asked.by = (fresh) => { token = fresh }
        const me = await (await asked('/api/v1/me')).json()
        assert.deepEqual([me.user.name, me.user.home_team, me.token.effective_scopes], [NAME, 'Billing', ['service_accounts:read', 'teams:read']])

        await givesARole(own, javaScript)
        await narrows(own, asked)
        await rotates(own, server, asked)
        await suspends(own, asked)
        await revokes(own, asked)
        await readsTheLog(own, server, data)
        await seesNothingElse(own, server, data)
      })
    })
  }
}

// From the green + of the team.
async function makesOne(page, server, javaScript) {
  await page.getByRole('link', { name: 'Teams', exact: true }).first().click()
  await page.getByRole('link', { name: 'Billing', exact: true }).click()
  await page.locator('summary', { hasText: '' }).and(page.getByLabel('Add to Billing')).click()
  await page.getByRole('link', { name: 'Service Account', exact: true }).click()
  await page.getByRole('link', { name: 'New service account' }).click()
  await page.getByRole('heading', { name: 'Add a service user' }).waitFor()
  const sheet = javaScript ? page.getByRole('dialog') : page.locator('main')
  await sheet.getByLabel('Name required').fill(NAME)
  assert.deepEqual(await options(sheet.getByLabel('Role required')), ['Member'], 'nothing beyond their own is offered')
  assert.deepEqual((await options(sheet.getByLabel('Home team'))).filter((name) => name !== 'The first team chosen'), ['Billing'])
  assert.equal(await sheet.getByLabel('Billing', { exact: true }).isChecked(), true)
  await sheet.getByLabel('Role in Billing').selectOption('Viewer')
  await next(sheet)
  await secondStep(sheet, { token: 'nightly', scopes: ['teams:read', 'service_accounts:read'] })
  assert.equal(await sheet.getByLabel('users:read', { exact: true }).count(), 0, 'a scope that they do not hold is not offered')
  assert.equal(await sheet.getByLabel('Global admin').count(), 0)
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click()
  const token = await shownToken(page)
  assert.match(token, /^lk_svc_/)
  await page.getByRole('link', { name: 'I have saved it' }).click()
  return token
}

async function givesARole(page, javaScript) {
  await page.getByRole('link', { name: 'Teams', exact: true }).first().click()
  await page.getByRole('link', { name: 'Billing', exact: true }).click()
  await page.getByRole('link', { name: 'Service Accounts', exact: true }).click()
  const row = page.locator('tbody tr', { hasText: NAME })
  await row.getByLabel(`Role of ${NAME}`).selectOption('Editor')
  if (!javaScript) await row.getByRole('button', { name: 'Save' }).click()
  await page.getByText(`${NAME} is Editor in this team now.`).waitFor()
  assert.equal(await row.getByLabel(`Role of ${NAME}`).inputValue(), 'Editor')
}

// By the icon beside the account, to its tokens, and to the one.
async function narrows(page, asked) {
  assert.equal((await asked('/api/v1/users')).status, 200)
  await page.getByRole('link', { name: `Access Token of ${NAME}` }).click()
  await page.getByRole('link', { name: 'nightly', exact: true }).click()
  await page.getByRole('heading', { name: 'nightly', level: 1 }).waitFor()
  assert.match(await page.locator('section', { hasText: 'What may this token do' }).last().textContent(), /service_accounts:read[\s\S]*Billing/)
  await page.getByLabel('service_accounts:read', { exact: true }).uncheck()
  await page.getByRole('button', { name: 'Save Changes' }).click()
  await page.getByRole('status').filter({ hasText: 'service_accounts:read' }).first().waitFor()
  const me = await (await asked('/api/v1/me')).json()
  assert.deepEqual(me.token.scopes, ['teams:read'], 'at the next request, by the same secret')
}

// The new secret in place of the old one, which is ended once nothing uses it any more.
async function rotates(page, server, asked) {
  await page.getByRole('link', { name: 'Rotate', exact: true }).click()
  await page.getByLabel('The present secret goes on working').selectOption('For 7 days')
  await page.getByRole('button', { name: 'Rotate token' }).click()
  const fresh = await shownToken(page)
  const byNew = () => fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${fresh}` } })
  assert.deepEqual([(await asked('/api/v1/me')).status, (await byNew()).status], [200, 200], 'both are good')
  await page.getByRole('link', { name: 'I have saved it' }).click()
  await page.getByRole('heading', { name: 'Two secrets' }).waitFor()
  await page.getByRole('link', { name: 'End it now' }).click()
  await page.getByText('was last used just now').waitFor()
  await page.getByRole('button', { name: 'End the old secret' }).click()
  await page.getByText('The old secret of nightly works no longer.').waitFor()
  assert.deepEqual([(await asked('/api/v1/me')).status, (await byNew()).status], [401, 200])
  asked.by(fresh)
}

async function suspends(page, asked) {
  for (const [act, told, status] of [['Suspend', 'nightly is suspended.', 401], ['Resume', 'nightly works again.', 200]]) {
    await page.getByRole('link', { name: act, exact: true }).click()
    await page.getByRole('button', { name: `${act} token` }).click()
    await page.getByText(told).waitFor()
    assert.equal((await asked('/api/v1/me')).status, status)
  }
}

async function revokes(page, asked) {
  await page.getByRole('link', { name: 'Revoke', exact: true }).click()
  await page.getByRole('button', { name: /^Revoke/ }).click()
  await page.getByRole('status').first().waitFor()
  assert.equal((await asked('/api/v1/me')).status, 401)
}

async function readsTheLog(page, server, data) {
  await visit(page, `${server.url}/teams/${data.teams.Billing}/activity`)
  const log = await page.locator('main').textContent()
  for (const told of ['Created invoice_export@service', 'Made a token for invoice_export@service', 'Rotated a token of invoice_export@service', 'Suspended a token of invoice_export@service', 'Revoked a token of invoice_export@service']) {
    assert.ok(log.includes(told), `${told}: ${log}`)
  }
}

// Neither in the navigation nor in any list, nor by address.
async function seesNothingElse(page, server, data) {
  await visit(page, server.url)
  const nav = page.getByRole('navigation', { name: 'Main', exact: true })
  assert.deepEqual((await nav.getByRole('link').allTextContents()).map((text) => text.trim()), ['Dashboard', 'Users', 'Teams', 'Access Tokens', 'Applications', 'Audit log'])
  const others = Object.keys(data.teams).filter((name) => name !== 'Billing')
  for (const path of ['/', '/users', '/teams', `/teams/${data.teams.Billing}`, `/teams/${data.teams.Billing}/service-accounts`, `/teams/${data.teams.Billing}/activity`]) {
    await visit(page, server.url + path)
    const text = await page.locator('main').textContent()
    for (const other of others) assert.equal(text.includes(other), false, `${other} on ${path}`)
  }
  for (const other of others) {
    for (const tab of ['', '/service-accounts', '/activity', '/settings', '/members/new', '/delete']) {
      await answers(page, `${server.url}/teams/${data.teams[other]}${tab}`, 404)
    }
  }
  for (const path of ['/roles', '/settings', '/users/new', '/teams/new']) await answers(page, server.url + path, 403)
  const stranger = data.users['Release notes writer'].id
  for (const tab of ['', '/tokens', '/activity', '/permissions', '/disable']) await answers(page, `${server.url}/users/${stranger}${tab}`, 404)
}

// Asked with the session's cookie, past the page, whose console would tell of the refusal.
async function answers(page, url, status) {
  assert.equal((await page.request.get(url)).status(), status, url)
}

const options = (select) => select.locator('option').evaluateAll((all) => all.map((option) => option.textContent.trim()))
