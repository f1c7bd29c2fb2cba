// Small pictures for the documentation.

import zlib from 'node:zlib'

/**
 * The same picture with a palette of 256 colours, which takes a third of the room: the commonest colours as they are, and
 * the mean of each neighbourhood of the others. Reads what Chromium writes: 8 bits a channel, not interlaced.
 */
export function withPalette(png) {
  const parts = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    parts.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) })
  }
  const header = parts.find(({ type }) => type === 'IHDR').data
  const [width, height, deep, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]
  const size = { 2: 3, 6: 4 }[kind]
  if (deep !== 8 || !size || header[12] !== 0) return png
  const packed = zlib.inflateSync(Buffer.concat(parts.filter(({ type }) => type === 'IDAT').map(({ data }) => data)))
  const line = width * size
  const pixels = Buffer.alloc(height * line)
  for (let y = 0; y < height; y += 1) {
    const filter = packed[y * (line + 1)]
    for (let x = 0; x < line; x += 1) {
      const left = x < size ? 0 : pixels[y * line + x - size]
      const up = y === 0 ? 0 : pixels[(y - 1) * line + x]
      const corner = x < size || y === 0 ? 0 : pixels[(y - 1) * line + x - size]
      const near = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
      const paeth = near[0] <= near[1] && near[0] <= near[2] ? left : near[1] <= near[2] ? up : corner
      pixels[y * line + x] = packed[y * (line + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth][filter]
    }
  }
  const counts = new Map()
  for (let at = 0; at < pixels.length; at += size) {
    const colour = pixels.readUIntBE(at, 3)
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const split = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]
  const common = [...counts].sort((a, b) => b[1] - a[1])
  const palette = common.splice(0, 128).map(([colour]) => split(colour))
  const rooms = new Map()
  for (const [colour, count] of common) {
    const key = split(colour).map((channel) => channel >> 4).join()
    const room = rooms.get(key) ?? [0, 0, 0, 0]
    split(colour).forEach((channel, n) => (room[n] += channel * count))
    room[3] += count
    rooms.set(key, room)
  }
  const rest = [...rooms.values()].sort((a, b) => b[3] - a[3]).slice(0, 256 - palette.length)
  palette.push(...rest.map((room) => room.slice(0, 3).map((sum) => Math.round(sum / room[3]))))
  const nearest = new Map()
  for (const colour of counts.keys()) {
    const wanted = split(colour)
    const far = (entry) => entry.reduce((sum, channel, n) => sum + (channel - wanted[n]) ** 2, 0)
    nearest.set(colour, palette.reduce((best, entry, n) => (far(entry) < far(palette[best]) ? n : best), 0))
  }
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(pixels.readUIntBE(y * line + x * size, 3))
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.from(header)
  head[9] = 3
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', zlib.deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc32(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}
