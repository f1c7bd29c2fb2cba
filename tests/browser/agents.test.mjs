// An AI agent from the Add menu to a token in use, and the switch that stops all agents; with JavaScript on and off.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { visit, withPortal } from './harness.mjs'
import { api, fill } from './data.mjs'
import { finish, next } from './wizard.mjs'

const answer = async (server, token) =>
  (await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status

for (const javaScript of [true, false]) {
  test(`an agent is made, stopped and let go, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page, browser }) => {
      const data = await fill(server, page, { except: ['Release notes writer'] })

      await visit(page, `${server.url}/users`)
      await page.locator('summary', { hasText: 'Add' }).click()
      await page.getByRole('link', { name: 'AI service account', exact: true }).click()
      await page.getByRole('heading', { name: 'Add an AI service account' }).waitFor()
      assert.equal(await page.locator('dialog').count(), javaScript ? 1 : 0, 'a dialog with JavaScript, a page without')
      const sheet = javaScript ? page.getByRole('dialog') : page.locator('main')
      assert.equal(await sheet.getByLabel('Sponsor required').inputValue(), 'mara', 'whoever makes it, at first')
      await sheet.getByLabel('Service display name').fill('Triage Bot')
      const username = sheet.getByLabel('Service username')
      assert.equal(await username.inputValue(), javaScript ? 'triage_bot@agent' : '', 'filled in as the name is typed')
      await sheet.getByLabel('Support', { exact: true }).check()
      await sheet.getByLabel('Role in Support').selectOption('Maintainer')
      await next(sheet)

      const ticked = sheet.locator('input[name=scope]:checked')
      assert.ok(await ticked.count() > 2, 'scopes that only look are ticked')
      assert.equal(await sheet.locator('input[name=scope]:checked:not([data-read])').count(), 0, 'and nothing else')
      assert.equal(await sheet.locator('option[value=never]').count(), 0, 'its token always ends')
      await sheet.getByText('triage_bot@agent').waitFor()
      await sheet.getByLabel('audit:read', { exact: true }).or(sheet.getByLabel('tokens:read', { exact: true })).first().uncheck()
      const left = await ticked.count()
      await sheet.getByRole('button', { name: 'Back', exact: true }).click()
      await sheet.getByLabel('Service display name').waitFor()
      await next(sheet)
      assert.equal(await ticked.count(), left, 'what was cleared stays so on the way back')
      await sheet.getByLabel('Name required').fill('triage')
      const token = await finish(page, sheet)
      assert.match(token, /^lk_agt_/)
      assert.equal(await answer(server, token), 200)

      await visit(page, `${server.url}/users?kind=agent`)
      assert.equal(await page.locator('tbody .badge.agent').count(), 1)
      await page.getByRole('link', { name: 'Triage Bot' }).click()
      assert.equal(await page.getByLabel('Sponsor required').inputValue(), 'mara')

      await visit(page, `${server.url}/settings`)
      await page.getByRole('link', { name: 'Stop all AI agents' }).click()
      await page.getByText('Refused from the next request on: 1 AI agent with 1 good token').waitFor()
      await page.getByRole('button', { name: 'Stop all AI agents' }).click()
      await page.getByText('All AI agents are stopped: their tokens are refused from now on.').waitFor()
      assert.equal(await answer(server, token), 401)
      const service = data.tokens['API Access']['pipeline-production'].token
      assert.equal(await answer(server, service), 200, 'service accounts go on')
      await visit(page, `${server.url}/users?kind=agent`)
      await page.getByText('All AI agents are stopped.').waitFor()
      assert.equal(await page.locator('tbody').getByText('Stopped', { exact: true }).count(), 1)

      await visit(page, `${server.url}/settings`)
      await page.getByRole('link', { name: 'Let AI agents go again' }).click()
      await page.getByText('Good again from the next request on').waitFor()
      await page.getByRole('button', { name: 'Let AI agents go again' }).click()
      await page.getByText('AI agents go again: their tokens').waitFor()
      assert.equal(await answer(server, token), 200)
      await api(server, data.admin, 'GET', '/api/v1/settings')
      browser.assertSilent()
    })
  })
}
