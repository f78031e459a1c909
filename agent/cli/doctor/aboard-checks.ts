// The agent itself, its page, and whether what runs is what is installed.
import { stat } from 'node:fs/promises';
import { registry } from '../../../machines/registry.ts';
import { request } from '../../adapters/node-http.ts';
import { lengthText } from '../text.ts';
import { type Check, codeOf, failed, ok, part, skipped, warning } from './check.ts';

const aboardMaxMs = 10_000;
const nodeMajorMin = 24;

export const agentCheck: Check = {
  name: 'agent',
  limitMs: aboardMaxMs,
  async run({ config, status, statusProblem }) {
    if (!config) return skipped('Without a usable configuration nobody knows its socket.');
    if (!status) {
      const socket = config.api.socket;
      if (statusProblem?.code === 'TENDER_NOT_PERMITTED')
        return skipped(
          `It runs; this user may not use ${socket}.`,
          'Join the group that owns the socket, or run this as the agent’s user.',
        );
      if (statusProblem?.code !== 'TENDER_AGENT_NOT_RUNNING')
        return failed(
          `It does not answer on ${socket} (${statusProblem?.code}).`,
          'Look at its lines: `journalctl -u tender-agent`.',
        );
      const left = await stat(socket).then(
        () => ' A socket of one that ended is left behind.',
        () => '',
      );
      return failed(
        `None answers on ${socket}.${left}`,
        'Start it: `systemctl start tender-agent`, or `tender agent`.',
      );
    }
    const about = `It runs as process ${status.pid}, up ${lengthText(Number(status.uptimeMs ?? 0))}`;
    const problems = (status.problems ?? []) as readonly { level: string; message: string }[];
    const grave = problems.find(({ level }) => level === 'severe' || level === 'critical');
    return grave ? warning(`${about}. It says: ${grave.message}`, 'See `tender status`.') : ok(`${about}.`);
  },
};

export const pageCheck: Check = {
  name: 'page',
  limitMs: aboardMaxMs,
  async run({ config, status }, signal) {
    if (!config) return skipped('Without a usable configuration nobody knows where it would be.');
    if (!status) return skipped('The page is served by the agent, and none answers.');
    const page = part(status, 'page');
    const url = page.url;
    const why = String(page.why ?? '');
    if (page.state === 'off') return ok('It is switched off by ui.listen.');
    if (typeof url !== 'string')
      return failed(why || 'It is not served.', 'Set ui.listen to a free port, such as "127.0.0.1:7420".');
    try {
      const answered = await answers(url, signal);
      return answered < 500
        ? ok(`It answers on ${url}: \`tender ui\` opens it.`)
        : failed(`It answers with status ${answered}.`, 'Restart the agent.');
    } catch (error) {
      return failed(
        `It should be on ${url} and does not answer (${codeOf(error)}).`,
        'Another program may have the port: set ui.listen to a free one.',
      );
    }
  },
};

function answers(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/`, { method: 'GET', agent: false, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
}

export const versionsCheck: Check = {
  name: 'versions',
  limitMs: aboardMaxMs,
  async run({ version, status }) {
    const machines = Object.values(registry).map((one) => `${one.kind}@${one.version}`);
    const about = `tender ${version}, Node ${process.versions.node}, machines ${machines.join(', ')}`;
    if (Number(process.versions.node.split('.')[0]) < nodeMajorMin)
      return failed(
        `${about}.`,
        `Use Node ${nodeMajorMin} or newer; the one that comes along is chosen by itself where it is installed.`,
      );
    if (status && status.version !== version)
      return warning(
        `${about}; the agent that runs is ${String(status.version)}.`,
        'Restart the agent, so that it is what is installed.',
      );
    return ok(`${about}.`);
  },
};
