// The extraction child for real: every kind is read, every bomb ends at a limit, and nothing of the parent leaks in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSandboxed, type SandboxLimits } from '../../../cloud/adapters/sandbox.ts';
import { kindOf, sniffBytes } from '../../../cloud/jobs/extract/kinds.ts';
import { type ExtractLimits, extract } from '../../../cloud/jobs/extract/run.ts';
import { docx, odt, pdf, pptx, rtf, xlsx, zip, zipBomb } from './documents.ts';

const limits: ExtractLimits = {
  inputMaxBytes: 8 * 2 ** 20,
  textMaxBytes: 2 ** 20,
  memoryMaxBytes: 300 * 2 ** 20,
  wallMaxMs: 20_000,
  cpuMaxSeconds: 15,
};

async function* once(bytes: Uint8Array) {
  yield bytes;
}

function read(name: string, bytes: Buffer, some: Partial<ExtractLimits> = {}) {
  const kind = kindOf(name, bytes.subarray(0, sniffBytes));
  if (!kind) throw new Error(`no kind for ${name}`);
  return extract(
    { kind, lengthBytes: bytes.length, bytes: () => once(bytes), limits: { ...limits, ...some } },
    runSandboxed,
  );
}

const phrase = 'the port anchor windlass was greased';

describe('each kind gives its text', () => {
  it.each<[string, Buffer]>([
    ['manual.pdf', pdf(phrase)],
    ['report.docx', docx(phrase)],
    ['stores.xlsx', xlsx(['seven', phrase])],
    ['briefing.pptx', pptx(phrase)],
    ['letter.odt', odt(phrase)],
    ['note.rtf', rtf(phrase)],
    ['readme.txt', Buffer.from(phrase)],
    ['readme.md', Buffer.from(`# Log\n\n${phrase}`)],
    ['crew.csv', Buffer.from(`a,b\n1,${phrase}\n`)],
    ['page.html', Buffer.from(`<html><body><p>${phrase}</p></body></html>`)],
    ['named-wrongly.pdf', docx(phrase)],
    ['no-extension', Buffer.from(phrase)],
  ])('%s', async (name, bytes) => {
    const result = await read(name, bytes);
    expect(result).toMatchObject({ reason: '' });
    expect('passages' in result && result.passages.join('\n')).toContain(phrase);
  });
});

describe('what holds no text says so', () => {
  it('a PDF without text is read, with no passages and a reason', async () => {
    expect(await read('scan.pdf', pdf(''))).toEqual({ passages: [], reason: 'it holds no text' });
  });

  it('a broken docx is a certain failure with a sentence', async () => {
    const result = await read('broken.docx', zip({ 'word/nothing.xml': '<a/>' }).subarray(0, 60));
    expect(result).toMatchObject({ failed: 'TENDER_EXTRACT_UNREADABLE', certain: true });
  });

  it('an office document over the input limit is not read at all', async () => {
    const result = await read('large.docx', docx(phrase), { inputMaxBytes: 100 });
    expect(result).toMatchObject({ passages: [], reason: expect.stringContaining('too large') });
  });

  it('of a very long text the beginning is searchable', async () => {
    const result = await read('long.txt', Buffer.from(`${phrase}\n`.repeat(50_000)), {
      inputMaxBytes: 100_000,
    });
    if (!('passages' in result)) throw new Error('not read');
    expect(result.reason).toContain('only the beginning');
    expect(result.passages.length).toBeGreaterThan(40);
  });
});

describe('a bomb ends at its limit', () => {
  it('a docx that unpacks to 400 MB', async () => {
    const bomb = zipBomb();
    expect(bomb.length).toBeLessThan(2 ** 20);
    const result = await read('bomb.docx', bomb, { memoryMaxBytes: 200 * 2 ** 20 });
    expect(result).toHaveProperty('failed');
  });

  it('a pause while reading does not count as input: the wall limit ends a child that waits for ever', async () => {
    async function* never() {
      yield Buffer.from('x');
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    const result = await extract(
      { kind: 'txt', lengthBytes: 9, bytes: never, limits: { ...limits, wallMaxMs: 400 } },
      runSandboxed,
    );
    expect(result).toMatchObject({ failed: 'TENDER_EXTRACT_TIMEOUT', certain: false });
  });
});

describe('the sandbox', () => {
  const small: SandboxLimits = {
    wallMaxMs: 10_000,
    cpuMaxSeconds: 1,
    memoryMaxBytes: 150 * 2 ** 20,
    outputMaxBytes: 10_000,
  };
  async function run(source: string, some: Partial<SandboxLimits> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'tender-sandbox-'));
    try {
      const program = join(folder, 'program.mjs');
      writeFileSync(program, source);
      return await runSandboxed({
        program,
        args: [],
        readable: [folder],
        input: once(Buffer.from('hello')),
        limits: { ...small, ...some },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('ends an endless loop by its CPU time', async () => {
    expect(await run('for (;;);')).toEqual({ end: 'cpu' });
  });

  it('ends a process that keeps memory outside the JavaScript heap', async () => {
    const source = 'const kept=[]; setInterval(() => kept.push(Buffer.alloc(2**23, 1)), 5);';
    expect(await run(source)).toEqual({ end: 'memory' });
  });

  it('ends a process that fills its heap', async () => {
    const source = 'const kept=[]; for (;;) kept.push({ a: [kept.length] });';
    expect(await run(source, { cpuMaxSeconds: 10 })).toEqual({ end: 'memory' });
  });

  it('ends a process that writes without end', async () => {
    expect(await run("for (;;) console.log('x'.repeat(1000));")).toEqual({ end: 'output' });
  });

  it('gives no secret, no file, no child and no network to the program', async () => {
    process.env.TENDER_CANARY = 'canary-secret';
    const source = `
      import { readFileSync } from 'node:fs';
      import { spawnSync } from 'node:child_process';
      import net from 'node:net';
      const tries = { env: Object.keys(process.env).filter((k) => k !== 'PWD' && k !== 'SHLVL' && k !== '_') };
      for (const [name, run] of Object.entries({
        passwd: () => readFileSync('/etc/passwd'),
        child: () => spawnSync('id'),
      })) { try { run(); tries[name] = 'allowed'; } catch (e) { tries[name] = e.code; } }
      net.connect(9, '127.0.0.1').on('error', (e) => console.log(JSON.stringify({ ...tries, net: e.code })));`;
    const ended = await run(source);
    delete process.env.TENDER_CANARY;
    if (ended.end !== 'done') throw new Error(JSON.stringify(ended));
    const tries = JSON.parse(ended.output.toString()) as Record<string, unknown>;
    expect(tries).toMatchObject({
      env: [],
      passwd: 'ERR_ACCESS_DENIED',
      child: 'ERR_ACCESS_DENIED',
    });
    expect(['ENETUNREACH', 'ECONNREFUSED']).toContain(tries.net);
  });

  it('a crash is told apart from a limit, with the last words of the program', async () => {
    expect(await run("throw new Error('torn sail')")).toEqual({
      end: 'crashed',
      detail: expect.stringContaining('torn sail'),
    });
  });
});
