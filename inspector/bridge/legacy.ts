// The one door to XState 4. The emitted code lies in dist/inspector/bridge, where `xstate` is the XState 5 of the rest; so the
// packages are looked up from this workspace's own package.json, which pins them, wherever we run from.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { createWebSocketReceiver, ParsedReceiverEvent } from '@xstate/inspect';
import type { inspect } from '@xstate/inspect/lib/server.js';
import type * as XState from 'xstate';

/** A frame as the package's receiver understood it. */
export type Frame = ParsedReceiverEvent;

export interface Legacy {
  /** XState 4. */
  readonly xstate: typeof XState;
  /** The server of @xstate/inspect. */
  readonly inspect: typeof inspect;
  readonly versions: { readonly xstate: string; readonly inspect: string };
  /** The package's own receiver, for tests; it needs a global `WebSocket`. */
  receiver(): typeof createWebSocketReceiver;
}

/** Throws when the workspace's packages are not installed. */
export function loadLegacy(): Legacy {
  const here = import.meta.dirname;
  const places = [
    join(here, 'package.json'),
    join(here, '..', '..', '..', 'inspector', 'bridge', 'package.json'),
  ];
  const place = places.find((path) => existsSync(path));
  if (place === undefined)
    throw new Error(`inspector/bridge/package.json is not there (looked in ${places.join(', ')})`);
  const require = createRequire(place);
  // The package keeps its services in its module: each bridge has a module of its own.
  const server = require.resolve('@xstate/inspect/lib/server.js');
  delete require.cache[server];
  return {
    xstate: require('xstate'),
    inspect: require(server).inspect,
    versions: {
      xstate: require('xstate/package.json').version,
      inspect: require('@xstate/inspect/package.json').version,
    },
    receiver: () => require('@xstate/inspect').createWebSocketReceiver,
  };
}
