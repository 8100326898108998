// sharp behind Node's HTTP server: /<name>?format=webp&quality=80 makes a variant 800 pixels wide; other parameters
// are options of the format. TUNED=1: one thread for each picture and no cache, as the image worker has it.

import { createServer } from 'node:http'
import { join } from 'node:path'

import sharp from 'sharp'

const { PORT, FOLDER, TUNED } = process.env
if (TUNED) {
  sharp.concurrency(1)
  sharp.cache(false)
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost')
  const { format, width, ...options } = Object.fromEntries(url.searchParams)
  for (const name of ['quality', 'effort']) if (name in options) options[name] = Number(options[name])
  try {
    const body = await sharp(join(FOLDER, url.pathname)).resize(Number(width)).toFormat(format, options).toBuffer()
    response.writeHead(200, { 'Content-Type': `image/${format}`, 'Content-Length': body.length })
    response.end(body)
  } catch (error) {
    response.writeHead(500)
    response.end(String(error))
  }
}).listen(Number(PORT), '127.0.0.1')
