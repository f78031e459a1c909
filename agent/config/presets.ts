// Profiles: named sets of values that fill in what file, environment and flags leave open. `tender` is ours, found by
// measurement; the others are the ones operators know from older tools. Retry and breaker numbers stand in
// machines/profiles.ts; here they meet the settings, with the timeouts and sizes that belong to them. Long rests cost
// much at sea: a breaker open for 30 min turned 81 % of a link's capacity into 18 % in our model.
import {
  type ProfileName as MachineProfileName,
  profiles as machineProfiles,
} from '../../machines/profiles.ts';
import { durationText } from './units.ts';

/** What a preset sets beyond retry and breaker, in file form. */
const beside: Readonly<Record<MachineProfileName, Readonly<Record<string, string>>>> = {
  tender: {},
  standard: {},
  'satellite-quick-start': { 'spool.max': '1GB', 'cloud.heartbeat': '30m' },
  satellite: { 'spool.max': '2GB', 'cloud.heartbeat': '30m' },
  'at-sea': { 'spool.max': '5GB', 'cloud.heartbeat': '30m' },
  'remote-edge': { 'spool.max': '512MB' },
  'multi-cloud': {},
};

/** Presets that only lean on ours. */
const leanings = {
  latency: { 'breaker.open_base': '30s', 'breaker.open_cap': '30s' },
  resources: { 'link.attempts_max': '2', 'spool.max': '50MB', 'work.senders_max': '1' },
} as const;

export type Profile = MachineProfileName | keyof typeof leanings;

export const profileNames = [...Object.keys(machineProfiles), ...Object.keys(leanings)] as readonly Profile[];

/** The machine-side policies of a profile: jitter, window, early closing. */
export function policiesOf(profile: Profile) {
  return machineProfiles[profile in machineProfiles ? (profile as MachineProfileName) : 'tender'];
}

/** setting in file form → value as written in the file. */
export function presetOf(profile: Profile): Readonly<Record<string, string>> {
  if (profile in leanings) return leanings[profile as keyof typeof leanings];
  // Our own numbers are the defaults of settings.ts.
  if (profile === 'tender') return {};
  const { backoff, triesMax, gate, breaker } = policiesOf(profile);
  return {
    'link.attempts_max': String(triesMax),
    'link.retry_base': durationText(backoff.baseMs),
    'link.retry_cap': durationText(backoff.capMs),
    'breaker.failures_max': String(gate.consecutiveMax),
    'breaker.open_base': durationText(breaker.openMinMs),
    'breaker.open_cap': durationText(breaker.openMaxMs),
    ...beside[profile as MachineProfileName],
  };
}
