// Reads the tree as text and answers which rule each file breaks. Plain patterns, no parser: a rule that can be
// checked by reading is a rule that a newcomer can check too.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { doors, forbiddenCalls, type ImportRule, importRules } from './rules.ts';

export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** Every TypeScript file of ours below `root`, as paths relative to it with forward slashes. */
export function sources(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.name === 'node_modules') continue;
      if (entry.isDirectory()) walk(path);
      else if (/\.tsx?$/.test(entry.name)) found.push(path);
    }
  };
  for (const folder of ['machines', 'agent', 'cloud', 'inspector', 'test']) walk(folder);
  return found.sort();
}

const ruleFor = (file: string): ImportRule | undefined =>
  importRules
    .filter((rule) => file.startsWith(rule.folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];

const importPattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)(['"])([^'"]+)\1/g;

/** Imports of `text` that the table does not allow for `file`. */
export function importBreaches(file: string, text: string): Breach[] {
  const rule = ruleFor(file);
  if (!rule) return [];
  const breaches: Breach[] = [];
  text.split('\n').forEach((line, index) => {
    if (/^\s*(\*|\/\/)/.test(line)) return;
    for (const match of line.matchAll(importPattern)) {
      const target = match[2] as string;
      if (allowed(file, rule, target)) continue;
      breaches.push({ file, line: index + 1, rule: `${rule.folder} may not import ${target}: ${rule.why}` });
    }
  });
  return breaches;
}

function allowed(file: string, rule: ImportRule, target: string): boolean {
  if (target.startsWith('.')) {
    const path = posix.join(dirname(file), target);
    const owner = ruleFor(path);
    if (owner?.folder === rule.folder) return true;
    return owner !== undefined && rule.ours.includes(owner.folder);
  }
  return rule.packages.some(
    (name) =>
      name === '*' ||
      target === name ||
      target.startsWith(`${name}/`) ||
      (name === 'node:*' && target.startsWith('node:')),
  );
}

/** Calls of the world in files that are not doors. */
export function callBreaches(file: string, text: string): Breach[] {
  if (file.startsWith('test/') || doors.some((door) => file.startsWith(door.path))) return [];
  const breaches: Breach[] = [];
  text.split('\n').forEach((line, index) => {
    if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
    for (const { pattern, instead } of forbiddenCalls) {
      const match = pattern.exec(line);
      if (match) breaches.push({ file, line: index + 1, rule: `${match[0]} is the world's: use ${instead}` });
    }
  });
  return breaches;
}

/** All breaches of the tree below `root`. */
export function scan(root: string): Breach[] {
  return sources(root).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...importBreaches(file, text), ...callBreaches(file, text)];
  });
}
