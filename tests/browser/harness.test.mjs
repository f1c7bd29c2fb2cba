// What finds nothing proves nothing, unless it finds what is there: each of the harness's own instruments, tried on a fault.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { assertAccessible, launchBrowser, noSidewaysScroll, searchBuffer, searchFiles } from './harness.mjs'

const needle = () => `lk_svc_${randomBytes(19).toString('hex')}`

test('a secret is found in each form, at any offset, and compressed', () => {
  const secret = needle()
  for (let offset = 0; offset < 4; offset += 1) {
    const text = 'x'.repeat(offset) + secret + 'yz'
    const shapes = {
      plain: Buffer.from(text),
      utf16: Buffer.from(text, 'utf16le'),
      base64: Buffer.from(Buffer.from(text).toString('base64')),
      base64url: Buffer.from(Buffer.from(text).toString('base64url')),
      hex: Buffer.from(Buffer.from(text).toString('hex')),
      gzip: Buffer.concat([Buffer.from('before'), zlib.gzipSync(text), Buffer.from('after')]),
    }
    for (const [shape, bytes] of Object.entries(shapes)) {
      assert.notDeepEqual(searchBuffer(bytes, secret), [], `${shape} at ${offset}`)
    }
  }
  assert.deepEqual(searchBuffer(Buffer.from(needle()), secret), [])
})

test('a secret is found in a folder and in a file name', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'latchkey-search-'))
  try {
    const secret = needle()
    await writeFile(path.join(dir, 'clean'), 'nothing')
    assert.deepEqual([...(await searchFiles(dir, secret))], [])
    await writeFile(path.join(dir, secret), 'nothing')
    assert.equal((await searchFiles(dir, secret)).length, 1)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

for (const coding of ['identity', 'gzip', 'br']) {
  test(`a secret in a page that Chromium may keep is found in its profile (${coding}), and one it may not is not`, async () => {
    const [kept, unkept] = [needle(), needle()]
    const pack = { identity: (text) => Buffer.from(text), gzip: zlib.gzipSync, br: zlib.brotliCompressSync }[coding]
    const site = http.createServer((request, response) => {
      const may = request.url === '/kept'
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': may ? 'max-age=3600' : 'no-store',
        'content-encoding': coding,
      })
      response.end(pack(`<!doctype html><html lang="en"><title>t</title><p>${may ? kept : unkept}</p>${'<i>filler</i>'.repeat(200)}`))
    })
    site.listen(0, '127.0.0.1')
    await once(site, 'listening')
    const browser = await launchBrowser()
    try {
      browser.allow(/favicon/)
      const page = await browser.page()
      for (const name of ['kept', 'unkept']) await page.goto(`http://127.0.0.1:${site.address().port}/${name}`)
      await browser.halt()
      assert.notDeepEqual([...(await searchFiles(browser.profileDir, kept))], [])
      assert.deepEqual([...(await searchFiles(browser.profileDir, unkept))], [])
    } finally {
      await browser.stop()
      site.close()
    }
  })
}

test('faults of a page are found under a strict content security policy', async () => {
  const site = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'none'; img-src data:" })
    response.end('<!doctype html><html><title>t</title><main><h1>h</h1><img width="2000" height="9" src="data:,"><script>1</script></main></html>')
  })
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  const browser = await launchBrowser({ width: 390 })
  try {
    const page = await browser.page()
    await page.goto(`http://127.0.0.1:${site.address().port}/`)
    await assert.rejects(assertAccessible(page), /html-has-lang[^]*image-alt|image-alt[^]*html-has-lang/)
    await assert.rejects(noSidewaysScroll(page), /px wide in 390 px/)
    assert.throws(() => browser.assertSilent(), /Content Security Policy/)
  } finally {
    await browser.stop()
    site.close()
  }
})
