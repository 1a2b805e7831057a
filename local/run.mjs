// Entry of every `npm run …` command: plain JavaScript without dependencies, since it is what installs them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRIES = {
  demo: 'local/demo.ts',
  stack: 'local/stack.ts',
  portal: 'local/portal/main.ts',
  bench: 'bench/main.ts',
  chaos: 'chaos/main.ts',
};

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Node ${process.versions.node} is too old: Node >= 20.19 is needed. Install a newer one ` +
      '(Debian/Ubuntu: NodeSource or nvm; Fedora: dnf install nodejs; macOS: brew install node).',
  );
  process.exit(1);
}

/** Runs a child with our terminal, hands our signals on, and answers the exit code a shell would show. */
function run(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', env });
    const handOn = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, handOn);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, handOn);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

const tool = (name) => join(ROOT, 'node_modules', '.bin', name);

async function test(args) {
  // With arguments somebody works on one test: the whole project's types and style are not the question then.
  const checks =
    args.length > 0
      ? []
      : [
          ['tsc', ['--noEmit']],
          ['biome', ['check', '.']],
        ];
  for (const [name, toolArgs] of checks) {
    console.error(`> ${name} ${toolArgs.join(' ')}`);
    const code = await run(tool(name), toolArgs);
    if (code !== 0) return code;
  }
  return run(tool('vitest'), ['run', ...args]);
}

/** Records the workflows' histories anew, which test/workflows/replay.test.ts replays. */
const histories = (args) =>
  run(tool('vitest'), ['run', '--config', 'test/workflows/record.config.ts', '--root', ROOT, ...args]);

async function main([command, ...args]) {
  requireNode();
  const runners = { test, histories };
  if (![ENTRIES, runners].some((known) => Object.hasOwn(known, command ?? ''))) {
    const names = [...Object.keys(ENTRIES), ...Object.keys(runners)];
    console.error(`Usage: node local/run.mjs ${names.join('|')} [arguments]`);
    return 2;
  }
  const { ensureDependencies } = await import('./dependencies.mjs');
  await ensureDependencies(ROOT);
  if (Object.hasOwn(runners, command)) return runners[command](args);
  const entry = join(ROOT, ENTRIES[command]);
  if (!existsSync(entry))
    throw new Error(`${ENTRIES[command]} is not there: this copy of the repository is incomplete.`);
  return run(process.execPath, ['--import', 'tsx', entry, ...args]);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(process.env.PP_DEBUG === '1' ? error : `Error: ${error.message}`);
    process.exitCode = 1;
  },
);
