// Administration of people as an administrator meets it: several at once, and what somebody leaves behind; by keyboard, and
// with JavaScript off.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { visit, withPortal } from './harness.mjs'
import { api, fill } from './data.mjs'

// Selects and presses by keyboard alone: what has the focus is what a person would see as focused.
async function tick(page, name) {
  await page.getByRole('checkbox', { name }).focus()
  await page.keyboard.press('Space')
}

async function press(page, name) {
  await page.getByRole('button', { name, exact: true }).focus()
  await page.keyboard.press('Enter')
}

for (const javaScript of [true, false]) {
  test(`several at once, and a handover, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
    await withPortal({ javaScript }, async ({ server, page, browser }) => {
      const data = await fill(server, page)
      const jonas = data.users['Jonas Lindqvist'].id
      for (const name of ['Terraform runner', 'Release notes writer']) {
        await api(server, data.admin, 'PATCH', `/api/v1/users/${data.users[name].id}`, { contact: jonas })
      }

      // Mara herself cannot be disabled by herself, and is left out; the others stay selected.
      await visit(page, `${server.url}/users`)
      for (const name of ['Select Jonas Lindqvist', 'Select Mara Ruiz', 'Select Nightly backup']) await tick(page, name)
      await press(page, 'Disable selected')
      await page.getByText('1 service account and 1 AI agent want a new contact or sponsor').waitFor()
      const chosen = page.locator('input[name=id][type=checkbox]').and(page.locator('[id^=id-]'))
      assert.deepEqual([await chosen.count(), await chosen.and(page.locator(':checked')).count()], [3, 2])
      assert.equal(await page.getByRole('checkbox', { name: /^Mara Ruiz/ }).isDisabled(), true)
      await page.getByText('You cannot disable your own account').waitFor()
      await press(page, 'Disable')
      await page.getByText('2 users were disabled. 1 service account and 1 AI agent want a new contact or sponsor').waitFor()

      // The dashboard leads to what he left.
      await page.goto(server.url)
      await page.getByText('1 service account and 1 AI agent want a new contact or sponsor').waitFor()
      await page.getByRole('link', { name: 'Hand over' }).click()
      await page.getByRole('heading', { name: '1 service account and 1 AI agent' }).waitFor()
      await tick(page, /Terraform runner/)
      await page.getByLabel('New contact').fill('ada.okafor')
      await press(page, 'Hand over')
      await page.getByText('1 AI agent has Ada Okafor as the contact or sponsor now').waitFor()
      await page.getByText('still the contact of 1 service account').waitFor()
      await page.getByRole('link', { name: 'Hand over' }).first().click()
      await page.getByLabel('New contact').fill('ada.okafor')
      await press(page, 'Hand over')
      await page.getByText('1 service account has Ada Okafor as the contact now').waitFor()
      assert.equal(await page.getByText('still the contact').count(), 0)
      browser.assertSilent()
    })
  })
}
