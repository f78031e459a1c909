// The walls of the house, as data: who may import whom, and which files are doors to the outside world. The check and
// test/architecture.test.ts read this table; docs/architecture.md explains it.

/** A part of the tree and what it may import. Paths are prefixes; the longest matching `folder` decides. */
export interface ImportRule {
  readonly folder: string;
  /** Folders of ours it may import from, itself always included. */
  readonly ours: readonly string[];
  /** Packages it may import; '*' is any, 'node:*' any of Node's own. */
  readonly packages: readonly string[];
  readonly why: string;
}

// test/ has no row: tests see everything.
export const importRules: readonly ImportRule[] = [
  {
    folder: 'machines/',
    ours: [],
    packages: ['xstate'],
    why: 'pure: the same code runs in the daemon, the simulator and the browser',
  },
  {
    folder: 'cloud/contract/',
    ours: [],
    packages: ['node:crypto'],
    why: 'what travels belongs to neither side; hashing and signatures are part of it',
  },
  {
    folder: 'agent/',
    ours: ['machines/', 'cloud/contract/'],
    packages: ['node:*', 'commander', 'http-message-signatures', 'level', 'pino', 'smol-toml', 'ws'],
    why: 'every package aboard costs memory on a machine with 512 MB',
  },
  {
    folder: 'cloud/',
    ours: ['machines/', 'cloud/contract/'],
    packages: ['*'],
    why: 'the shore never reaches into the yacht',
  },
  {
    folder: 'inspector/',
    ours: ['machines/', 'cloud/contract/'],
    packages: ['preact', '@preact/signals'],
    why: 'every package is sent to a tablet over the yacht’s own network, and must work in a file opened from a stick',
  },
  {
    folder: 'inspector/vite.config.ts',
    ours: [],
    packages: ['node:*', 'vite'],
    why: 'runs at build time only',
  },
  {
    folder: 'inspector/bundle/vite.config.ts',
    ours: [],
    packages: ['node:*', 'vite'],
    why: 'runs at build time only',
  },
  {
    folder: 'inspector/layout/',
    ours: ['machines/', 'inspector/'],
    packages: ['node:*', 'elkjs'],
    why: 'runs at build time only: the page ships coordinates, not the layout engine',
  },
  {
    folder: 'inspector/bridge/',
    ours: ['machines/', 'agent/'],
    packages: ['node:*', '@xstate/inspect', 'xstate', 'ws'],
    why: 'the only place where XState 4 is known; beside the daemon like the command line, with its client',
  },
];

/** What core code may not name: each has a port instead. */
export const forbiddenCalls: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)/, instead: 'the Clock port' },
  { pattern: /\bperformance\.\w/, instead: 'the Clock port' },
  { pattern: /\b(setTimeout|setInterval|setImmediate)\s*\(/, instead: 'Clock.after' },
  { pattern: /\bMath\.random\b/, instead: 'the Random port' },
  { pattern: /\b(randomBytes|randomUUID|randomInt|getRandomValues)\b/, instead: 'the Random port' },
  { pattern: /(?<![\w.])fetch\s*\(/, instead: 'a network port' },
  { pattern: /\bprocess\.(exit|kill|on|hrtime|env)\b/, instead: 'ProcessPort or the config' },
  {
    pattern:
      /['"]node:(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|timers|os)(\/\w+)?['"]/,
    instead: 'a port (Files, LaneDialer, Storage …)',
  },
];

/** The doors: files that are adapters by nature, each with the reason. Prefixes. */
export const doors: readonly { readonly path: string; readonly why: string }[] = [
  { path: 'agent/adapters/', why: 'the ports of agent/ports.ts for a real machine' },
  { path: 'agent/main.ts', why: 'wiring: builds the adapters' },
  { path: 'agent/cli/', why: 'commands run in a process of their own, beside the daemon' },
  { path: 'cloud/adapters/', why: 'the ports of cloud/ports.ts for a real machine' },
  { path: 'cloud/main.ts', why: 'wiring: builds the adapters' },
  { path: 'cloud/cli/', why: 'commands run in a process of their own' },
  { path: 'cloud/blobs/', why: 'segments on a real disk' },
  { path: 'cloud/db/migrate.ts', why: 'reads the migrations beside it' },
  { path: 'cloud/jobs/extract/child.ts', why: 'a program of its own, in a process that may do nothing else' },
  { path: 'cloud/postgres/', why: 'starts and stops a real PostgreSQL' },
  { path: 'inspector/browser/', why: 'the ports of the page: clock, network, storage of a real browser' },
  { path: 'inspector/main.tsx', why: 'wiring: starts the page in a real browser' },
  { path: 'inspector/vite.config.ts', why: 'a program of its own, at build time' },
  { path: 'inspector/bundle/main.tsx', why: 'wiring: starts the page of a bundle in a real browser' },
  { path: 'inspector/bundle/vite.config.ts', why: 'a program of its own, at build time' },
  { path: 'inspector/layout/', why: 'a program of its own, at build time' },
  { path: 'inspector/bridge/', why: 'a program of its own, beside the daemon' },
];
