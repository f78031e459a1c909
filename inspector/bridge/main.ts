// The program behind `tender bridge`: lets viewers of the @xstate/inspect protocol watch a running agent's machines. A process
// of its own, so that XState 4 costs the agent nothing and nothing a viewer does can reach it.
import { parseArgs } from 'node:util';
import { connectApi } from '../../agent/cli/client.ts';
import { agentErrors } from '../../agent/errors.ts';
import { describe } from '../../machines/describe.ts';
import { registry } from '../../machines/registry.ts';
import { startBridge } from './bridge.ts';
import { follow } from './follow.ts';

const { values } = parseArgs({
  options: {
    socket: { type: 'string' },
    port: { type: 'string', default: '0' },
    watch: { type: 'string', multiple: true, default: [] },
    origin: { type: 'string', multiple: true, default: [] },
    stately: { type: 'boolean', default: false },
    reveal: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const say = (text: string) => process.stderr.write(`${text}\n`);
const tell = (line: object) => {
  if (values.json) process.stdout.write(`${JSON.stringify(line)}\n`);
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
// The command that started us went away.
process.on('disconnect', () => stop.abort());

const bridge = await startBridge({
  descriptions: Object.values(registry).map(describe),
  port: Number(values.port),
  stately: values.stately,
  reveal: values.reveal,
  origins: values.origin,
}).catch((error: NodeJS.ErrnoException) => {
  const busy = error.code === 'EADDRINUSE';
  const code = busy ? 'TENDER_SOCKET_IN_USE' : 'TENDER_INTERNAL';
  const message = busy ? `Port ${values.port} is taken: choose another with --port.` : String(error.message);
  tell({ type: 'result', ok: false, code, message });
  if (!values.json) say(`tender: ${message} (${code})`);
  process.exit(agentErrors[code]);
});

tell({ type: 'ready', inspect: bridge.inspectUrl, stately: bridge.statelyUrl, versions: bridge.versions });
if (!values.json) {
  process.stdout.write(`${bridge.inspectUrl}\n${bridge.statelyUrl ? `${bridge.statelyUrl}\n` : ''}`);
  say('Viewers of the @xstate/inspect protocol attach there, until Ctrl-C. They can watch, not act.');
}
await follow({
  api: connectApi(values.socket ?? '', stop.signal),
  watcher: {
    appear: bridge.appear,
    took: bridge.took,
    vanish: bridge.vanish,
    note: (text) => (values.json ? tell({ type: 'note', text }) : say(text)),
  },
  wanted: values.watch,
  signal: stop.signal,
  pause: (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      stop.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    }),
});
const counts = bridge.counts();
await bridge.close();
tell({ type: 'result', ok: true, ...counts });
process.exit(0);
