// Tells which answers the OpenAPI document promises that no test has seen: node scripts/openapi-seen.mjs FILE
// FILE is what the Rust tests wrote, a line such as "GET /api/v1/users 200" for each answer that they held against the document.

import { readFile } from 'node:fs/promises'

const [, , file] = process.argv
const document = JSON.parse(await readFile(new URL('../tests/snapshots/openapi.json', import.meta.url), 'utf8'))
const seen = new Set((await readFile(file, 'utf8').catch(() => '')).split('\n'))
const promised = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { responses }]) =>
    Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`)))
const missing = promised.filter((answer) => !seen.has(answer))
for (const answer of missing) console.log(`openapi: documented, but seen in no test: ${answer}`)
console.log(`openapi: ${promised.length - missing.length} of ${promised.length} documented answers were seen and held against the document`)
process.exitCode = missing.length ? 1 : 0
