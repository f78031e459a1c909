// How much of a bad link the line uses, at what price and at whose cost: one case of the link lab, one seed, real processes in
// two network namespaces. `npm run bench:line -- --case geo --seed 1`. Root only. docs/performance.md has the tables.
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededBytes } from './link/payload.ts';
import { openLab } from './link/lab.ts';
import { setLinkStage } from './link/link-stage.ts';

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: 'geo' },
    seed: { type: 'string', default: '1' },
    cc: { type: 'string', default: 'cubic' },
    size: { type: 'string', default: '8' },
    set: { type: 'string', multiple: true, default: [] },
    agent: { type: 'string', multiple: true, default: [] },
    trace: { type: 'boolean', default: false },
  },
});
const sizeBytes = Math.round(Number(values.size) * 1e6);
const lab = await openLab({
  profile: values.case,
  seed: Number(values.seed),
  congestion: values.cc as 'cubic',
  keys: values.set,
});
try {
  const stage = await setLinkStage(lab, values.agent);
  try {
    const file = join(stage.folder, '..', 'payload.bin');
    await writeFile(file, seededBytes(sizeBytes, Number(values.seed)));
    await lab.tell('restart');
    const probe = await lab.probe();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const idle = await lab.stats();
    const started = performance.now();
    const { id } = await stage.api.send(
      '/v1/uploads',
      {
        'content-type': 'application/octet-stream',
        'tender-name': Buffer.from('payload.bin').toString('base64url'),
        'tender-size': String(sizeBytes),
        'tender-modified': '0',
      },
      createReadStream(file),
    );
    let lastTold = 0;
    for (;;) {
      const upload = await stage.api.get(`/v1/uploads/${id}`);
      if (upload.state === 'stored' || upload.state === 'indexed') break;
      if (values.trace && performance.now() - lastTold > 1000) {
        lastTold = performance.now();
        const { line } = (await stage.api.get('/v1/status')) as { line: Record<string, unknown> };
        const s = await lab.stats();
        const last = probe.samples.slice(-5).map((x) => Math.round(x.rttMs)).join(' ');
        process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} sent ${s.up.sent.bytes - idle.up.sent.bytes} q95 ${s.up.queue_wait_ms.p95} probe ${last} ${JSON.stringify(line)}\n`);
      }
      if (performance.now() - started > 600_000) throw new Error('not stored after 600 s');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const seconds = (performance.now() - started) / 1_000;
    const after = await lab.stats();
    const call = await probe.stop();
    const up = after.up.sent.bytes - idle.up.sent.bytes;
    const down = after.down.sent.bytes - idle.down.sent.bytes;
    const probeBytes = 200 * 5 * seconds;
    const during = probe.samples.filter(({ atMs }) => atMs > 3_000 && atMs < 3_000 + seconds * 1_000).map(({ rttMs }) => rttMs).sort((a, b) => a - b);
    const quiet = probe.samples.filter(({ atMs }) => atMs < 2_000).map(({ rttMs }) => rttMs).sort((a, b) => a - b);
    const base = quiet[Math.floor(quiet.length / 2)] ?? 0;
    const upSeconds = seconds - (after.off_s - idle.off_s);
    const figures = {
      goodputPercent: Math.round((sizeBytes * 8 * 1000) / upSeconds / after.up.rate_bps) / 10,
      seconds: Math.round(seconds * 10) / 10,
      addedDelayP50Ms: Math.round((during[Math.floor(during.length * 0.5)] ?? 0) - base),
      addedDelayP95Ms: Math.round((during[Math.floor(during.length * 0.95)] ?? 0) - base),
      callLossPercent: call.loss_pct,
      upBytes: Math.round(up - probeBytes),
      downBytes: Math.round(down - probeBytes),
      wirePerPayload: Math.round(((up - probeBytes) / sizeBytes) * 1000) / 1000,
      queueDropped: after.up.queue_dropped.packets,
    };
    console.log(JSON.stringify({ bench: 'line', case: values.case, seed: Number(values.seed), figures }));
  } finally {
    await stage.close();
  }
} finally {
  await lab.down();
}
