// Builds the page the daemon serves: hashed files, no address but its own, and beside each text a gzipped twin, so that a
// yacht's small computer compresses nothing. `run.mjs build` calls it; nothing here runs aboard.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = import.meta.dirname;
const outDir = join(here, '..', 'dist', 'inspector', 'page');

/** Below this size a second file costs more than the bytes it saves. */
const compressMinBytes = 1_024;

function gzipTwins(): Plugin {
  return {
    name: 'gzip-twins',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|json|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        if (bytes.length < compressMinBytes) continue;
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

/** A script that blocks the first paint, so that the palette is there before it: Vite leaves such a one alone, with a warning. */
function paletteFirst(): Plugin {
  return {
    name: 'palette-first',
    transformIndexHtml: {
      order: 'post',
      handler: () => [{ tag: 'script', attrs: { src: './palette.js' }, injectTo: 'head-prepend' }],
    },
  };
}

export default defineConfig({
  root: here,
  base: './',
  logLevel: 'warn',
  // Of XState the page needs only how a machine's states are resolved, and the machines were audited before (the files say
  // more).
  resolve: {
    alias: [
      { find: /^xstate$/, replacement: join(here, 'machines', 'xstate-nodes.ts') },
      { find: /^\.\/define\.ts$/, replacement: join(here, 'machines', 'define-known.ts') },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    // A file of its own: in the midst of the code it pushes one half of it out of the other's sight, and costs 0.5 kB of gzip.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'layouts', test: /layouts\.json$/ }] } },
    },
  },
  plugins: [paletteFirst(), gzipTwins()],
});
