// `tender bridge` beside a real agent: the package's receiver sees the machines of the daemon as they are in its log.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cell } from '../../../machines/kernel.ts';
import { launchYacht, type Yacht } from '../../browser/support/yacht.ts';
import { type Program, runCommand, startProgram } from '../../end-to-end/support/program.ts';
import { attach } from './receiver.ts';

let yacht: Yacht;
let bridge: Program;

beforeAll(async () => {
  yacht = await launchYacht();
  const socket = `${yacht.home}/agent.sock`;
  bridge = startProgram('agent', ['bridge', '--reveal', '--socket', socket]);
});
afterAll(async () => {
  await bridge?.kill();
  await yacht?.close();
});

it('shows each actor of a running agent as the agent has it, through a restart of the agent too', async () => {
  const first = await yacht.add('before.pdf');
  const { inspect } = await bridge.said('ready');
  const viewer = attach(String(inspect));
  const seen = new Map<string, { readonly value: unknown; readonly context: unknown }>();
  const agrees = async (id: string, command?: string) => {
    if (command) await yacht.api.post(`/v1/uploads/${id}/${command}`);
    const { cell } = (await yacht.api.get(`/v1/actors/upload/${id}`)) as unknown as { cell: Cell };
    await viewer.until((frames) => {
      for (const frame of frames)
        if (frame.type === 'service.register' || frame.type === 'service.state')
          seen.set(frame.sessionId, { value: frame.state.value, context: frame.state.context });
      return seen.get(`upload/${id}`)?.value === cell.value;
    });
    expect(seen.get(`upload/${id}`)).toEqual({ value: cell.value, context: cell.context });
  };
  await agrees(first);
  await agrees(first, 'pause');
  const second = await yacht.add('after.pdf');
  await agrees(second);
  await yacht.agent.stop();
  await yacht.start();
  await agrees(first, 'resume');
  await agrees(second, 'cancel');
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['connection/main', `upload/${first}`]));
}, 60_000);

it('ends with what it did when the command is ended, and leaves no process behind', async () => {
  expect(await bridge.stop()).toBe(0);
  expect(bridge.lines.at(-1)).toMatchObject({ type: 'result', ok: true, refusedMessages: 0, tooSlow: 0 });
});

it('refuses a port that is none or taken, in words and with an exit code', async () => {
  const none = await runCommand('agent', ['bridge', '--port', 'seven']);
  expect(none).toMatchObject({ exit: 64, lines: [{ ok: false, code: 'TENDER_USAGE' }] });
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const taken = await runCommand('agent', ['bridge', '--port', `${(other.address() as AddressInfo).port}`]);
  expect(taken).toMatchObject({ exit: 75, lines: [{ ok: false, code: 'TENDER_SOCKET_IN_USE' }] });
  other.close();
});
