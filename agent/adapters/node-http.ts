// The door to `node:http`. An `import` of it would make Node fill in all its names, and with them load the whole fetch
// library behind `http.WebSocket`, which nobody here uses: 13 MB of resident memory (58 instead of 44 for an empty program on
// Node 24.21, docs/decisions/0070). Types are imported from node:http as usual.

export const { createServer, get, request } = process.getBuiltinModule('node:http');
