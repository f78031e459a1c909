// Completion scripts know exactly the commands and options that there are. Bash's is run by bash itself.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { yacht } from './aboard.ts';

async function completer(): Promise<(...words: string[]) => string[]> {
  const aboard = await yacht();
  const { out } = await aboard.tender('completion', 'bash');
  const directory = await temporaryDirectory();
  const script = join(directory, 'tender.bash');
  await writeFile(script, out);
  await writeFile(join(directory, 'survey of May.pdf'), '');
  return (...words) => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const run = spawnSync(
      'bash',
      [
        '--norc',
        '-c',
        `. '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _tender; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8', cwd: directory },
    );
    expect(run.stderr).toBe('');
    return run.stdout.split('\n').filter((line) => line !== '');
  };
}

it('bash completes commands, options, fixed words and files', async () => {
  const complete = await completer();
  expect(complete('tender', 'in')).toEqual(['inspect']);
  expect(complete('tender', '')).toEqual(
    expect.arrayContaining(['add', 'bundle', 'doctor', 'whatif', 'completion']),
  );
  expect(complete('tender', '')).not.toContain('cloud');
  expect(complete('tender', 'bundle', '--s')).toEqual(['--socket', '--set', '--since']);
  expect(complete('tender', 'whatif', '--ac')).toEqual(['--actor']);
  expect(complete('tender', 'link', 're')).toEqual(['reconnect']);
  expect(complete('tender', 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(complete('tender', 'add', 'surv')).toEqual(['survey of May.pdf']);
  expect(complete('tender', 'bundle', '-o', 'surv')).toEqual(['survey of May.pdf']);
  expect(complete('tender', 'bundle', '--since', '')).toEqual([]);
  expect(complete('tender', 'nonsense', '')).toEqual([]);
});

it('each command’s help and each script name the same options', async () => {
  const aboard = await yacht();
  const scripts = await Promise.all(
    ['bash', 'zsh', 'fish'].map(async (shell) => (await aboard.tender('completion', shell)).out),
  );
  const { out } = await aboard.tender('bundle', '--help');
  for (const flag of out.match(/--[a-z-]+/g)!.filter((flag) => flag !== '--no-doctor'))
    for (const script of scripts) expect(script, flag).toContain(flag.slice(2));
});

it('an unknown shell is refused with the three that are known', async () => {
  const aboard = await yacht();
  const run = await aboard.tender('completion', 'tcsh', '--json');
  expect(run.code).toBe(64);
  expect(run.json.at(-1)).toMatchObject({ ok: false, code: 'TENDER_USAGE' });
});
