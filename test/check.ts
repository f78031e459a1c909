// `npm run check`: types, lint and format, the walls of the house, generated files. Each step says its name; all of
// them run even when an early one fails, so that one call shows everything there is to mend.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { scan } from './architecture/scan.ts';

const root = join(import.meta.dirname, '..');

function program(...args: string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

const bin = (...parts: string[]): string => join(root, 'node_modules', ...parts);

const steps: readonly (readonly [name: string, run: () => boolean])[] = [
  ['types', () => program(bin('typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.json'), '--noEmit')],
  [
    'types of the page',
    () => program(bin('typescript', 'bin', 'tsc'), '-p', join(root, 'inspector', 'tsconfig.json')),
  ],
  [
    'lint and format',
    () => program(bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', root),
  ],
  [
    'walls',
    () => {
      const breaches = scan(root);
      for (const breach of breaches) console.log(`${breach.file}:${breach.line}: ${breach.rule}`);
      return breaches.length === 0;
    },
  ],
  ['layouts', () => program(join(root, 'inspector', 'layout', 'main.ts'), '--check')],
  ['generated files', () => program(join(root, 'test', 'generate-docs.ts'), '--check')],
];

let failed = 0;
for (const [name, run] of steps) {
  const ok = run();
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
  if (!ok) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
