// Which runner measures which kind of case.
import type { Case } from '../cases.ts';
import type { Runner } from '../run.ts';
import { competing } from './competing.ts';
import { cut } from './cut.ts';
import { delta } from './delta.ts';
import { documents } from './documents.ts';
import { idle } from './idle.ts';
import { large } from './large.ts';
import { memory } from './memory.ts';
import { throttle } from './throttle.ts';
import { urgent } from './urgent.ts';

const runners: { readonly [Kind in Case['kind']]: Runner<Kind> } = {
  large,
  documents,
  delta,
  urgent,
  cut,
  competing,
  throttle,
  idle,
  memory,
};

export function runnerOf(about: Case): Runner<Case['kind']> {
  return runners[about.kind] as Runner<Case['kind']>;
}
