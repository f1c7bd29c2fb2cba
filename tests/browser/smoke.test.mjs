// The portal starts, a browser opens it, and what is asked of every page holds on the first one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAccessible, flavours, inEveryLook, noSidewaysScroll, setup, visit, withPortal } from './harness.mjs'

for (const flavour of flavours()) {
  test(`the log-in page answers, on ${flavour}`, async () => {
    await withPortal({ flavour }, async ({ server, page }) => {
      await visit(page, `${server.url}/login`)
      assert.equal(await page.locator('input[type="password"]').count(), 1)
      await inEveryLook(page, async (where) => {
        await assertAccessible(page, where)
        await noSidewaysScroll(page, where)
      })
    })
  })

  for (const javaScript of [true, false]) {
    test(`the setup link makes the first administrator, JavaScript ${javaScript ? 'on' : 'off'}, on ${flavour}`, async () => {
      await withPortal({ flavour, javaScript }, async ({ server, page, browser }) => {
        await setup(page, server)
        await visit(page, server.url)
        assert.equal(new URL(page.url()).pathname, '/', 'the dashboard is shown, not the log-in page')
        browser.allow(/status of (404|410)/)
        const again = await page.goto(server.setupLink)
        assert.notEqual(again.status(), 200, 'the setup link is dead')
      })
    })
  }
}
