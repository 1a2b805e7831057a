import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ReleaseError } from '../../../activities/postgres/errors.ts';
import { findCsv } from '../../../activities/staging/csv/find.ts';
import { csvInputs, type Importer, importers, needsCsv } from '../../../catalog/index.ts';
import { labelOf } from '../../../contracts/index.ts';
import { type Finding, failed, group, ok, type Remedy, some } from '../check.ts';
import { word } from '../shell.ts';
import type { Place } from '../surroundings.ts';

export const filesChecks = group([], {
  'files.settings': {
    title: 'the settings can be read',
    expected: 'variables as README lists them',
    why: 'A worker with a setting that it cannot read does not start.',
    pre: true,
    async look({ place }) {
      const faults = [...place.faults].filter(([name]) => name !== WEBHOOK);
      if (faults.length === 0) return ok('all can be read');
      return failed(faults.map(([name, fault]) => `${name} ${fault}`).join('; '), {
        commands: [`unset ${faults.map(([name]) => name).join(' ')}`],
        note: "it leaves the default; mend the variable in the worker's environment, too",
      });
    },
  },
  'files.manifest_dir': {
    title: 'manifests can be written',
    expected: 'PP_MANIFEST_DIR is a folder, or can be made',
    why: 'Each release writes its manifest there, after hours of work, and fails if it cannot.',
    pre: true,
    look: ({ place }) => lookAtFolder(resolve(place.settings.manifestDir)),
  },
  'files.log': {
    title: 'the release log can be written',
    expected: 'PP_RELEASE_LOG_PATH is a file, or can be made',
    why: 'A worker makes it when it starts, and ends if it cannot.',
    pre: true,
    async look({ place }) {
      const path = resolve(place.settings.logPath);
      const there = await kindOf(path);
      if (there === 'folder')
        return failed(`${path} is a folder`, { commands: [`mv ${word(path)} ${word(`${path}.old`)}`] });
      if (there === 'nothing') return lookAtFolder(dirname(path));
      return (await isWritable(path)) ? ok(path) : failed(`${path} is not writable`, owned(path));
    },
  },
  'files.csv_dir': {
    title: 'the folder of CSV files can be read',
    expected: 'PP_CSV_DIR is a folder, or is not set',
    why: 'Importers of statistics and story maps read their files there; without a folder they are left out.',
    pre: true,
    async look({ place }) {
      const { csvDir } = place.settings;
      if (csvDir === undefined) return ok('PP_CSV_DIR is not set: importers of CSV files are left out');
      const path = resolve(csvDir);
      const there = await kindOf(path);
      if (there === 'nothing') return failed(`there is no ${path}`, { commands: [`mkdir -p ${word(path)}`] });
      if (there === 'file') return failed(`${path} is a file`, aside(path, path));
      try {
        return ok(`${path}, ${(await readdir(path)).length} entries`);
      } catch {
        return failed(`${path} cannot be read`, owned(path));
      }
    },
  },
  'files.csv': {
    title: 'the CSV files are there',
    expected: 'a file for each input of the importers that will run, of this month or an earlier one',
    why: 'An importer without its file fails, hours after the release was started.',
    needs: ['files.csv_dir'],
    async look({ place }) {
      const { csvDir } = place.settings;
      if (csvDir === undefined) return ok('none is needed: PP_CSV_DIR is not set');
      return lookForCsv(place, csvDir);
    },
  },
  'files.ready_file': {
    title: 'the ready file can be written',
    expected: 'PP_WORKER_READY_FILE stands in a folder that is there, or is not set',
    why: 'A worker writes it once it polls, and ends if it cannot.',
    pre: true,
    async look({ place }) {
      const { readyFile } = place.settings;
      if (readyFile === undefined) return ok('PP_WORKER_READY_FILE is not set');
      const folder = dirname(resolve(readyFile));
      if ((await kindOf(folder)) === 'nothing')
        return failed(`there is no folder ${folder}`, { commands: [`mkdir -p ${word(folder)}`] });
      return lookAtFolder(folder);
    },
  },
});

/** Read, and reported, by the checks of notifications. */
const WEBHOOK = 'PP_SLACK_WEBHOOK_URL';

async function kindOf(path: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing';
    throw error;
  }
}

const isWritable = (path: string) =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );

const owned = (path: string): Remedy => ({
  commands: [`sudo chown -R "$(id -un)" ${word(path)}`],
  note: 'for the user who runs the worker: put its name in the place of $(id -un), if that is another one',
});

const aside = (path: string, folder: string): Remedy => ({
  commands: [`mv ${word(path)} ${word(`${path}.old`)}`, `mkdir -p ${word(folder)}`],
});

/** A folder that is not there is made by its first writer, if the folder above it can be written. */
async function lookAtFolder(folder: string): Promise<Finding> {
  for (let path = folder; ; path = dirname(path)) {
    const there = await kindOf(path);
    if (there === 'file') return failed(`${path} is a file`, aside(path, folder));
    if (there === 'nothing') continue;
    if (!(await isWritable(path))) return failed(`${path} is not writable`, owned(path));
    return ok(path === folder ? folder : `${folder} will be made`);
  }
}

async function lookForCsv(place: Place, csvDir: string): Promise<Finding> {
  const label = place.label ?? labelOf(new Date());
  const skip = namesIn(place.environment.PP_IMPORT_SKIP);
  const only = namesIn(place.environment.PP_IMPORT_ONLY);
  const wanted = importers.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name));
  const without: Importer[] = [];
  const reasons: string[] = [];
  const moves: string[] = [];
  for (const input of csvInputs) {
    const readers = wanted.filter(({ csv }) => csv?.includes(input.name));
    if (readers.length === 0) continue;
    try {
      const file = await findCsv(csvDir, input, label);
      await access(file.path, constants.R_OK);
    } catch (error) {
      const files = error instanceof ReleaseError ? (error.facts.files as string[] | undefined) : undefined;
      reasons.push((error as Error).message.replace(/;.*$/s, ''));
      if (files) moves.push(...(await allButTheNewest(csvDir, files)));
      else without.push(...readers);
    }
  }
  if (reasons.length === 0) return ok(`all are there for ${label}`);
  return failed(some(reasons, 3), remedyWithout(without, skip, moves));
}

function remedyWithout(without: readonly Importer[], skip: readonly string[], moves: readonly string[]): Remedy {
  if (without.some((importer) => !needsCsv(importer))) {
    return {
      commands: ['unset PP_CSV_DIR'],
      note: "put the files there; or leave out all importers of CSV files, in the worker's environment, too",
    };
  }
  const names = [...new Set([...skip, ...without.map(({ name }) => name)])];
  return {
    commands: [...moves, ...(without.length > 0 ? [`export PP_IMPORT_SKIP=${word(names.join(','))}`] : [])],
    note:
      without.length > 0
        ? 'put the files there; or start without these importers, whose tables keep what live has (pp-release start reads the variable, a schedule does not)'
        : 'it keeps the file that was changed last; look whether that is the one that is meant',
  };
}

async function allButTheNewest(dir: string, files: readonly string[]): Promise<string[]> {
  const dated = await Promise.all(
    files.map(async (name) => ({ path: join(dir, name), at: (await stat(join(dir, name))).mtimeMs })),
  );
  return dated
    .sort((a, b) => b.at - a.at)
    .slice(1)
    .map(({ path }) => `mv ${word(path)} ${word(`${path}.aside`)}`);
}

const namesIn = (text: string | undefined) =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
