// `tender enrol URL CODE`: makes this machine a device of its fleet. Run as the user the agent runs as, because the key
// belongs to that user alone.
import { readFile } from 'node:fs/promises';
import { requestJson } from '../../adapters/http-json.ts';
import { nodeRandom } from '../../adapters/node-random.ts';
import { nodeSecretFiles } from '../../adapters/node-secret-files.ts';
import { enrol } from '../../identity/enrol.ts';
import type { CliCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { oneLine } from '../text.ts';

/** An agent that runs already would find out by itself within minutes; this way at once. */
async function nudge(context: Context): Promise<boolean> {
  try {
    await (await context.api()).post('/v1/connection/reconnect', { by: 'enrol' });
    return true;
  } catch {
    return false;
  }
}

export const enrolCommand: CliCommand = {
  usage: 'enrol <url> <code>',
  summary: 'make this machine a device of its fleet, with the code from the office',
  options(command) {
    command.option('--replace', 'enrol again as another device; the old key is removed');
  },
  async run(context, [url, code], options) {
    const config = await context.config();
    const device = await enrol(
      {
        files: nodeSecretFiles(config.state.directory),
        random: nodeRandom(),
        post: (address, body) => requestJson('POST', address, { body, caFile: config.cloud.caFile }),
        wallMs: () => Date.now(),
      },
      // `-` reads the code from standard input, so that it appears in no list of processes.
      {
        url: url as string,
        code: code === '-' ? await readFile('/dev/stdin', 'utf8') : (code as string),
        replace: options.replace === true,
      },
    );
    context.tell({
      type: 'result',
      ok: true,
      device: { id: device.deviceId, name: device.name, cloudUrl: device.cloudUrl },
    });
    context.say(`Enrolled as ${oneLine(device.name)} (${device.deviceId}) at ${device.cloudUrl}.`);
    const running = await nudge(context);
    context.say(running ? 'The running agent connects now.' : 'Start the agent with `tender agent`.');
    return 0;
  },
};
