// The wizard as a person goes through it, in the dialog or page by page.

import assert from 'node:assert/strict'

/** Opens the wizard from the Users page by Add, *Service user*. Gives what holds its form: the dialog, or the page. */
export async function openWizard(page, server, { javaScript = true } = {}) {
  await page.goto(`${server.url}/users`)
  await page.locator('summary', { hasText: 'Add' }).click()
  await page.getByRole('link', { name: 'Service user', exact: true }).click()
  await page.getByRole('heading', { name: 'Add a service user' }).waitFor()
  assert.equal(await page.locator('dialog').count(), javaScript ? 1 : 0, 'a dialog with JavaScript, a page without')
  assert.equal(new URL(page.url()).pathname, javaScript ? '/users' : '/users/service/new')
  return javaScript ? page.getByRole('dialog') : page.locator('main')
}

/** Fills in the first step. `teams` are [name, role]. */
export async function firstStep(sheet, { name, role, teams = [] }) {
  await sheet.getByLabel('Name required').fill(name)
  if (role) await sheet.getByLabel('Role required').selectOption(role)
  for (const [team, its] of teams) {
    await sheet.getByLabel(team, { exact: true }).check()
    await sheet.getByLabel(`Role in ${team}`).selectOption(its)
  }
}

/** Goes to the second step. */
export async function next(sheet) {
  await sheet.getByRole('button', { name: 'Next' }).click()
  await sheet.getByRole('button', { name: 'Finish' }).waitFor()
}

/** Fills in the second step. */
export async function secondStep(sheet, { token, expires = '30', scopes = [] }) {
  await sheet.getByLabel('Name required').fill(token)
  await sheet.getByLabel('Expiration required').selectOption(expires)
  for (const scope of scopes) await sheet.getByLabel(scope, { exact: true }).check()
}

/** Presses Finish, and gives the token that is shown. */
export async function finish(page, sheet) {
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click()
  return shownToken(page)
}

/** The token on the page. */
export async function shownToken(page) {
  await page.getByRole('heading', { name: / (is|are) ready/ }).waitFor()
  const token = await page.getByRole('textbox', { name: 'Access token' }).textContent()
  assert.match(token, /^lk_[a-z]+_[0-9A-Za-z]{38}$/, 'what is shown has the form of a token')
  return token
}

/** The whole wizard with fair answers, unless told otherwise. */
export async function makeServiceUser(page, server, answers = {}, options = {}) {
  const sheet = await openWizard(page, server, options)
  await firstStep(sheet, { name: 'API Access', role: 'Editor', ...answers })
  await next(sheet)
  await secondStep(sheet, { token: 'pipeline', scopes: answers.teams ? ['users:read', 'teams:read'] : [], ...answers })
  return finish(page, sheet)
}
