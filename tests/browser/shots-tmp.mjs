import { mkdir } from 'node:fs/promises'
import { launchBrowser, login, startServer, visit } from './harness.mjs'
import { MARA, PASSWORD, api, fill } from './data.mjs'
const out = '/tmp/shots-tokens'; await mkdir(out, { recursive: true })
const server = await startServer()
const browser = await launchBrowser({ width: 1280, height: 900 })
try {
  const page = await browser.page()
  const data = await fill(server, page, {})
  const shot = async (name) => {
    for (const theme of ['light', 'dark']) for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme: theme }); await page.setViewportSize({ width, height: 900 })
      await page.screenshot({ path: `${out}/${name}-${theme}-${width}.png`, fullPage: true, animations: 'disabled' })
    }
    await page.emulateMedia({ colorScheme: 'light' }); await page.setViewportSize({ width: 1280, height: 900 })
  }
  const id = data.users['API Access'].id, t = data.tokens['API Access']['pipeline-production'].id
  await visit(page, `${server.url}/users/${id}/tokens`); await shot('list')
  await visit(page, `${server.url}/users/${id}/tokens/${t}`); await shot('one')
  await page.getByLabel('users:read', { exact: true }).uncheck()
  await page.getByLabel('service_accounts:read', { exact: true }).check()
  await page.getByLabel('In these teams alone').check()
  await page.getByLabel('Data Quality').check()
  await shot('changing')
  await page.getByRole('button', { name: 'Save Changes' }).click()
  await page.getByRole('status').first().waitFor(); await shot('saved')
  await visit(page, `${server.url}/users/${data.users['Jonas Lindqvist'].id}/permissions`); await shot('perm-jonas')
  await visit(page, `${server.url}/users/${data.users['Nightly backup'].id}/permissions`); await shot('perm-none')
  await visit(page, `${server.url}/account/tokens`)
  await page.locator('td a.name').first().click(); await page.waitForURL(/tokens\/\d+/); await shot('ga')
  await page.context().clearCookies()
  await login(page, server, { username: 'jonas.l', password: PASSWORD })
  await visit(page, `${server.url}/users/${data.users['Terraform runner'].id}/tokens/${data.tokens['Terraform runner']['plan and apply'].id}`); await shot('manager')
} finally { await browser.stop(); await server.stop() }
