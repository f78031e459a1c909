// Named sets of link values. `measured` is ours: the defaults of settings.ts, found by measurement. The others are the
// profiles operators know from older tools, kept selectable: a profile fills in what file, environment and flags leave
// open. Long rests cost much at sea (a breaker open for 30 min turned 81 % of a link's capacity into 18 % in our model).
import type { Profile } from './settings.ts';

/** setting in file form → value as written in the file. */
export const presets: Readonly<Record<Profile, Readonly<Record<string, string>>>> = {
  measured: {},
  'satellite-quick': {
    'link.retry_base': '2s',
    'link.retry_cap': '5m',
    'link.stall_timeout': '120s',
    'breaker.failures_max': '3',
    'breaker.open_base': '300s',
    'breaker.open_cap': '300s',
    'spool.max': '1GB',
  },
  satellite: {
    'link.retry_base': '5s',
    'link.retry_cap': '15m',
    'link.stall_timeout': '300s',
    'breaker.failures_max': '3',
    'breaker.open_base': '30m',
    'breaker.open_cap': '30m',
    'spool.max': '2GB',
  },
  'at-sea': {
    'link.retry_base': '10s',
    'link.retry_cap': '10m',
    'breaker.open_base': '1h',
    'breaker.open_cap': '1h',
    'spool.max': '5GB',
  },
  'remote-edge': {
    'link.retry_base': '2s',
    'link.retry_cap': '60s',
    'breaker.failures_max': '5',
    'breaker.open_base': '120s',
    'breaker.open_cap': '120s',
    'spool.max': '512MB',
  },
  'multi-cloud': {
    'link.stall_timeout': '60s',
    'breaker.failures_max': '3',
    'breaker.open_base': '60s',
    'breaker.open_cap': '60s',
  },
  throughput: { 'link.stall_timeout': '60s' },
  latency: { 'breaker.open_base': '30s', 'breaker.open_cap': '30s' },
  resources: { 'spool.max': '50MB' },
};
