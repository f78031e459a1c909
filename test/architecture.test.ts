import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doors } from './architecture/rules.ts';
import { callBreaches, importBreaches, scan } from './architecture/scan.ts';

const root = join(import.meta.dirname, '..');

describe('the walls of the house', () => {
  it('no file imports what its folder may not, and none but the doors touches the world', () => {
    expect(scan(root)).toEqual([]);
  });

  it('every door in the table exists', () => {
    expect(doors.filter((door) => !existsSync(join(root, door.path)))).toEqual([]);
  });

  it('a machine that imports Node is caught', () => {
    expect(importBreaches('machines/x.ts', "import { hash } from 'node:crypto';")).toHaveLength(1);
  });

  it('an agent that reaches into the cloud behind the contract is caught', () => {
    expect(
      importBreaches('agent/line/x.ts', "import { a } from '../../cloud/decide/documents.ts';"),
    ).toHaveLength(1);
    expect(importBreaches('agent/line/x.ts', "import { a } from '../../cloud/contract/name.ts';")).toEqual(
      [],
    );
  });

  it('a cloud that reaches aboard is caught, by static and by dynamic import', () => {
    expect(importBreaches('cloud/x.ts', "import type { Clock } from '../agent/ports.ts';")).toHaveLength(1);
    expect(importBreaches('cloud/x.ts', "const a = await import('../agent/ports.ts');")).toHaveLength(1);
  });

  it.each([
    'const a = Date.now();',
    'const a = new Date();',
    'setTimeout(run, 5);',
    'Math.random();',
    'await fetch(url);',
    'process.exit(1);',
    "import { readFile } from 'node:fs/promises';",
    'performance.now();',
  ])('core code that says `%s` is caught', (line) => {
    expect(callBreaches('agent/host/x.ts', line)).toHaveLength(1);
    expect(callBreaches('agent/adapters/x.ts', line)).toEqual([]);
  });
});
