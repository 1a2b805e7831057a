import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { STACK_DIR } from './paths.ts';
import { findOnPath, isExecutable } from './stack/command.ts';
import { StackError } from './stack/errors.ts';
import { aptGet, canInstallPackages, hasCandidate } from './stack/postgres/packages.ts';
import type { Progress } from './stack/progress.ts';
import { openStateDirectory } from './stack/state.ts';

/** Names the browser's program where it is not on PATH. */
const VARIABLE = 'PP_CHROMIUM';
/** As the distributions and Google's own packages call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const WELL_KNOWN = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

function find(): string | undefined {
  return NAMES.flatMap(findOnPath)[0] ?? WELL_KNOWN.find(isExecutable);
}

function notToBeHad(why: string): StackError {
  return new StackError(
    'Chromium is missing.',
    why,
    [
      'install it, then run the command again:',
      '    Debian:  apt-get install chromium',
      '    Ubuntu:  snap install chromium',
      '    Fedora:  dnf install chromium',
      '    macOS:   brew install --cask chromium',
      `  or name the program of a Chromium or Chrome in ${VARIABLE}.`,
    ].join('\n'),
  );
}

/**
 * Answers the path of a Chromium: named by PP_CHROMIUM, on PATH, or installed from Debian's packages where we are root.
 *
 * @throws StackError saying what to install
 */
export async function obtainChromium(progress: Progress): Promise<string> {
  const named = process.env[VARIABLE];
  if (named) {
    if (isExecutable(named)) return named;
    throw notToBeHad(`${VARIABLE} is ${named}, which is no program that can be run`);
  }
  const found = find();
  if (found) return found;
  if (!canInstallPackages()) {
    throw notToBeHad(
      `None of ${NAMES.join(', ')} is on PATH, and it cannot be installed from here (that takes root and apt-get)`,
    );
  }
  const lock = join(openStateDirectory(STACK_DIR), 'chromium.lock');
  return withLock(
    lock,
    async () => find() ?? install(progress),
    (pid) => progress(`Another command (process ${pid}) is installing Chromium; waiting for it …`),
  );
}

async function install(progress: Progress): Promise<string> {
  if (!(await hasCandidate('chromium'))) {
    await aptGet(['update'], 'Fetching the lists of packages (apt-get update)', progress);
  }
  // Ubuntu's package of that name is called chromium-browser and only asks for a snap.
  if (!(await hasCandidate('chromium'))) throw notToBeHad('This distribution has no package called chromium');
  await aptGet(
    ['install', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    'Installing chromium, once; about 100 MB',
    progress,
  );
  const found = find();
  if (found) return found;
  throw notToBeHad('The package chromium was installed, but there is no program of that name on PATH');
}
