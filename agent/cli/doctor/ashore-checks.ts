// The way to the shore: does the link carry, is it our cloud that answers, does it accept this device, and do the clocks agree.
import { nodeSecretFiles } from '../../adapters/node-secret-files.ts';
import { TenderError } from '../../errors.ts';
import { loadIdentity } from '../../identity/device-file.ts';
import { lengthText } from '../text.ts';
import { askCloud, cloudAddress, unreachable } from './ask-cloud.ts';
import { type Check, type Facts, failed, ok, part, skipped, warning } from './check.ts';

/** DNS, TCP, TLS and an answer over 1.5 s of delay with losses. */
const askMaxMs = 30_000;
/** Receipts and signatures carry times: beyond this people would be misled. */
const clockOffMaxMs = 60_000;
const slowMs = 5_000;
/** No release of tender is older. */
const earliestMs = Date.UTC(2026, 0, 1);
const noCloud = () =>
  skipped('No cloud is known here.', 'Enrol this device with `tender enrol URL CODE`, or set cloud.url.');

export const linkCheck: Check = {
  name: 'link',
  limitMs: askMaxMs,
  async run(facts, signal) {
    const url = await cloudAddress(facts);
    if (!facts.config || url === undefined) return noCloud();
    try {
      const { tookMs, roundTripMs } = await askCloud(url, facts.config, signal);
      const about = `Connected and answered in ${Math.round(tookMs)} ms, round trip ${Math.round(roundTripMs)} ms.`;
      return tookMs > slowMs
        ? warning(
            about,
            'A slow link is no fault: tender is made for it. Try another antenna if it should be faster.',
          )
        : ok(about);
    } catch (error) {
      const { message, fix } = unreachable(error);
      return failed(message, fix);
    }
  },
};

export const cloudCheck: Check = {
  name: 'cloud',
  limitMs: askMaxMs,
  async run(facts, signal) {
    if (!facts.config) return noCloud();
    const problem = await enrolment(facts);
    if (problem) return problem;
    const url = await cloudAddress(facts);
    if (url === undefined) return noCloud();
    const connection = part(facts.status, 'connection');
    if (connection.state === 'refused') return failed(String(connection.why), String(connection.whatToDo));
    const accepted = connection.isAvailable === true;
    try {
      const { status, body } = await askCloud(url, facts.config, signal);
      const state = body?.state;
      if (state !== 'ok' && state !== 'degraded' && state !== 'failed')
        return failed(
          `What answers is not a tender cloud (status ${status}).`,
          'Log in to the network’s portal, or check cloud.url.',
        );
      if (state === 'failed')
        return failed(
          'The cloud says that part of it has failed.',
          'Tell the office; documents wait aboard.',
        );
      const health = state === 'degraded' ? 'The cloud is well enough (degraded)' : 'The cloud is well';
      if (accepted) return ok(`${health}, this device is enrolled and connected.`);
      if (!facts.status)
        return ok(`${health}, this device is enrolled; whether it is accepted shows when the agent runs.`);
      return warning(`${health}, and yet: ${String(connection.why)}`, String(connection.whatToDo));
    } catch (error) {
      const { message, fix } = unreachable(error);
      return accepted ? ok('The agent is connected and accepted.') : failed(message, fix);
    }
  },
};

/** What is wrong with this device's papers; undefined when nothing is. */
async function enrolment({ config, status }: Facts) {
  const fix = 'Ask the office for a code and run `tender enrol URL CODE`.';
  if (part(status, 'device').enrolled === true) return undefined;
  if (status) return failed('This device is not enrolled.', fix);
  try {
    const identity = await loadIdentity(nodeSecretFiles(config!.state.directory));
    return identity ? undefined : failed('This device is not enrolled.', fix);
  } catch (error) {
    if (error instanceof TenderError && error.code === 'TENDER_NOT_PERMITTED')
      return skipped('This user may not read the device’s key.', 'Run this as the agent’s user.');
    if (error instanceof TenderError)
      return failed(error.message, 'Mend the file named, or enrol again with --replace.');
    throw error;
  }
}

export const clockCheck: Check = {
  name: 'clock',
  limitMs: askMaxMs,
  async run(facts, signal) {
    const nowMs = Date.now();
    const set = 'Set it: `timedatectl set-ntp true`, or point chrony at the ship’s GPS.';
    if (nowMs < earliestMs)
      return failed(`It says ${new Date(nowMs).toISOString()}: that is in the past.`, set);
    const line = part(facts.status, 'line');
    if (line.open === true && typeof line.clockOffsetMs === 'number')
      return judge(line.clockOffsetMs, 'by the cloud’s signed time', set);
    const url = await cloudAddress(facts);
    if (!facts.config || url === undefined)
      return skipped('Nothing to compare it with: no cloud is known here.');
    try {
      const { dateMs, roundTripMs } = await askCloud(url, facts.config, signal);
      if (dateMs === undefined) return skipped('Who answered told no time.');
      // Their second is cut, half a round trip is ours.
      return judge(
        dateMs + 500 + roundTripMs / 2 - Date.now(),
        'by the cloud’s answer, which nobody signed',
        set,
      );
    } catch {
      return skipped('Nothing to compare it with: the cloud does not answer.');
    }
  },
};

function judge(offsetMs: number, how: string, fix: string) {
  const off = Math.abs(offsetMs);
  if (off < 1_500) return ok(`Right to the second, ${how}.`);
  const text = `${lengthText(off)} ${offsetMs > 0 ? 'behind' : 'ahead'}, ${how}; times in the log are this clock’s.`;
  return off < clockOffMaxMs ? ok(text) : warning(text, fix);
}
