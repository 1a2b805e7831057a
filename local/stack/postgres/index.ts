import { StackError } from '../errors.ts';
import { choosePort, isAsked } from '../ports.ts';
import { isAlive } from '../process.ts';
import type { Progress } from '../progress.ts';
import { type PostgresState, pathsOf, type StackState, writeState } from '../state.ts';
import { accessTo, serverAccount } from './account.ts';
import { findBinaries, OLDEST_MAJOR, type PostgresBinaries } from './binaries.ts';
import {
  type Cluster,
  configure,
  initialise,
  isInitialised,
  requireSameMajor,
  setSuperuserPassword,
} from './cluster.ts';
import { createLiveDatabase, createPortalDatabase, createRoles, LIVE_DATABASE, PORTAL_DATABASE } from './databases.ts';
import { isDockerThere, startContainer } from './docker.ts';
import { namedServers, requireReachable } from './environment.ts';
import { canInstallPackages, installPackages } from './packages.ts';
import { clearRemains, probe, startServer, urlFor } from './server.ts';

const PORT_VARIABLE = 'PP_STACK_POSTGRES_PORT';

export interface DatabaseUrls {
  databaseUrl: string;
  portalUrl: string;
  portalReaderUrl: string;
}

export const superuserUrlOf = ({ passwords, postgres }: StackState): string | undefined =>
  postgres?.port === undefined ? undefined : urlFor('postgres', passwords.postgres, postgres.port, 'postgres');

const urlsOf = ({ passwords }: StackState, port: number): DatabaseUrls => ({
  databaseUrl: urlFor('pp_release', passwords.pp_release, port, LIVE_DATABASE),
  portalUrl: urlFor('portal_owner', passwords.portal_owner, port, PORTAL_DATABASE),
  portalReaderUrl: urlFor('portal_reader', passwords.portal_reader, port, PORTAL_DATABASE),
});

function notToBeHad(found: PostgresBinaries | undefined): StackError {
  const missing = found === undefined ? `PostgreSQL (${OLDEST_MAJOR} or newer) with PostGIS` : 'PostGIS';
  const why =
    found === undefined
      ? 'No server programs with postgres_fdw are on PATH or in the usual folders'
      : `PostgreSQL ${found.major} is in ${found.binDir}, but its extension postgis is not installed`;
  const major = found?.major ?? 15;
  return new StackError(
    `${missing} is missing.`,
    `${why}; it cannot be installed from here (that takes root and apt-get), and no Docker daemon answers.`,
    [
      'install it, then run the command again:',
      `    Debian/Ubuntu:  apt-get install postgresql-${major} postgresql-${major}-postgis-3`,
      '    Fedora:         dnf install postgresql-server postgresql-contrib postgis',
      '    macOS:          brew install postgresql@17 postgis',
      '  or name servers of your own in PP_DATABASE_URL and PP_PORTAL_DATABASE_URL.',
    ].join('\n'),
  );
}

async function startPrivate(state: StackState, binaries: PostgresBinaries, progress: Progress): Promise<void> {
  const paths = pathsOf(state.dir);
  const account = await serverAccount();
  const access = await accessTo(state.postgres?.dataDir ?? paths.postgresData, account, progress);
  const cluster: Cluster = { ...binaries, account, access, log: paths.postgresLog };
  const previous = state.postgres;
  if (previous?.process !== undefined) progress('PostgreSQL is not running as it should; starting it again');
  await clearRemains(cluster, state.dir);

  const known = previous?.source === 'private';
  if (!isInitialised(cluster)) {
    await initialise(cluster, state.dir, progress);
    await setSuperuserPassword(cluster, state.passwords.postgres);
  } else {
    requireSameMajor(cluster);
    if (!known) {
      progress("The state file was lost; giving the cluster's superuser a new password (no data is touched)");
      await setSuperuserPassword(cluster, state.passwords.postgres);
    }
  }
  const port = await choosePort(PORT_VARIABLE, previous?.port);
  configure(cluster, port);
  const postgres: PostgresState = { source: 'private', port, dataDir: access.dataDir, binDir: binaries.binDir };
  state.postgres = known ? { ...previous, ...postgres } : postgres;
  const url = urlFor('postgres', state.passwords.postgres, port, 'postgres');
  progress(`Starting PostgreSQL ${binaries.major} on 127.0.0.1:${port}`);
  const answer = await startServer(cluster, state.dir, url, (record) => {
    postgres.process = record;
    state.postgres = { ...state.postgres, ...postgres };
    writeState(state);
  });
  if (answer === 'ready') return;
  progress("The cluster does not know its superuser's password; giving it a new one (no data is touched)");
  await clearRemains(cluster, state.dir);
  await setSuperuserPassword(cluster, state.passwords.postgres);
  state.postgres = { ...postgres, databasesReady: false };
  await startPrivate(state, binaries, progress);
}

async function isRunning(state: StackState): Promise<boolean> {
  const url = superuserUrlOf(state);
  if (url === undefined || state.postgres?.source === 'environment') return false;
  if (state.postgres?.source === 'private' && !isAlive(state.postgres.process)) return false;
  return isAsked(PORT_VARIABLE, state.postgres?.port) && (await probe(url)) === 'ready';
}

async function startAny(state: StackState, progress: Progress): Promise<void> {
  const account = await serverAccount();
  let binaries = await findBinaries(account, state.postgres?.binDir);
  if (!binaries?.hasPostgis && canInstallPackages() && (await installPackages(binaries?.major, progress))) {
    binaries = await findBinaries(account, state.postgres?.binDir);
  }
  if (binaries?.hasPostgis) return startPrivate(state, binaries, progress);
  if (!(await isDockerThere())) throw notToBeHad(binaries);
  const port = await choosePort(PORT_VARIABLE, state.postgres?.port);
  await startContainer(state, port, progress);
  state.postgres = { source: 'docker', port };
  writeState(state);
}

/** Brings up PostgreSQL with both databases, by the first way that this system allows. */
export async function ensurePostgres(
  state: StackState,
  progress: Progress,
  useNamedServers: boolean,
): Promise<DatabaseUrls> {
  const named = useNamedServers ? namedServers(state) : undefined;
  if (named !== undefined) {
    progress('Using the database servers that PP_DATABASE_URL and PP_PORTAL_DATABASE_URL name; none is started');
    await requireReachable(named);
    state.postgres = { source: 'environment' };
    return named;
  }
  if (!(await isRunning(state))) await startAny(state, progress);
  const { postgres } = state;
  const superuserUrl = superuserUrlOf(state);
  if (postgres?.port === undefined || superuserUrl === undefined) throw new Error('PostgreSQL runs without a port.');
  if (!postgres.databasesReady) {
    progress(`Creating the databases ${LIVE_DATABASE} and ${PORTAL_DATABASE}`);
    await createRoles(superuserUrl, state.passwords);
    await createLiveDatabase(superuserUrl, LIVE_DATABASE);
    await createPortalDatabase(superuserUrl, PORTAL_DATABASE);
    state.postgres = { ...postgres, databasesReady: true };
    writeState(state);
  }
  return urlsOf(state, postgres.port);
}
