// ipx on Node's HTTP server, with pictures from a folder: /w_800,f_webp,q_80/<name>

import { createServer } from 'node:http'

import { createIPX, createIPXNodeServer, ipxFSStorage } from 'ipx'

const { PORT, FOLDER } = process.env
createServer(createIPXNodeServer(createIPX({ storage: ipxFSStorage({ dir: FOLDER }) }))).listen(Number(PORT), '127.0.0.1')
