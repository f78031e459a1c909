// Builds the page of bundles: one HTML file with its style and script inside, allowed by their hashes and by nothing else,
// and an empty element into which `tender bundle` writes the lines. `run.mjs build` calls it after the page aboard.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const here = import.meta.dirname;
const inspector = join(here, '..');

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** `</script` inside a script would end it. */
const safe = (script: string) => script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');

function oneFile(): Plugin {
  return {
    name: 'one-file',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, output) {
      let script = '';
      let style = '';
      for (const [name, item] of Object.entries(output)) {
        if (item.type === 'chunk') script += item.code;
        else if (name.endsWith('.css')) style += item.source;
        else this.error(`${name} would be a second file: a bundle has only one`);
        delete output[name];
      }
      const early = safe(readFileSync(join(inspector, 'public', 'palette.js'), 'utf8'));
      this.emitFile({ type: 'asset', fileName: 'bundle.html', source: page(safe(script), style, early) });
    },
  };
}

function page(script: string, style: string, early: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${sha256(early)} ${sha256(script)}`,
    `style-src ${sha256(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en" data-palette="day">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>tender, a saved log</title>
<script>${early}</script>
<style>${style}</style>
</head>
<body>
<div id="page"><main class="plain-message"><p role="status">Unpacking the log …</p></main></div>
<noscript>This page needs JavaScript, which your browser has turned off. "tender inspect FILE" tells the same on the command line.</noscript>
<script type="application/octet-stream" id="tender-bundle"></script>
<script type="module">${script}</script>
</body>
</html>
`;
}

export default defineConfig({
  root: here,
  base: './',
  logLevel: 'warn',
  publicDir: false,
  // As for the daemon's page: inspector/machines/xstate-nodes.ts says why.
  resolve: {
    alias: [
      { find: /^xstate$/, replacement: join(inspector, 'machines', 'xstate-nodes.ts') },
      { find: /^\.\/define\.ts$/, replacement: join(inspector, 'machines', 'define-known.ts') },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(inspector, '..', 'dist', 'inspector'),
    emptyOutDir: false,
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: join(here, 'main.tsx'), output: { codeSplitting: false } },
  },
  plugins: [oneFile()],
});
