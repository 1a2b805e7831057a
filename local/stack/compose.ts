import { reportError, StackError } from './errors.ts';
import {
  createLiveDatabase,
  createPortalDatabase,
  createRoles,
  LIVE_DATABASE,
  PORTAL_DATABASE,
} from './postgres/databases.ts';
import { prepareSchemas } from './schemas.ts';

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new StackError(
    `${name} is not set.`,
    'The service "setup" of docker-compose.temporal.yml needs it.',
    'Set it.',
  );
}

/** The service `setup` of docker-compose.temporal.yml: what `up` does to a private server, done to the container's. */
async function setUp(): Promise<void> {
  const superuserUrl = required('PP_SUPERUSER_URL');
  const password = required('PP_POSTGRES_PASSWORD');
  await createRoles(superuserUrl, {
    postgres: password,
    pp_release: password,
    portal_owner: password,
    portal_reader: password,
  });
  await createLiveDatabase(superuserUrl, LIVE_DATABASE);
  await createPortalDatabase(superuserUrl, PORTAL_DATABASE);
  const env = {
    PP_DATABASE_URL: required('PP_DATABASE_URL'),
    PP_PORTAL_DATABASE_URL: required('PP_PORTAL_DATABASE_URL'),
    PP_PORTAL_READER_URL: required('PP_PORTAL_READER_URL'),
  };
  await prepareSchemas(env, (line) => console.log(line));
}

try {
  await setUp();
} catch (error) {
  reportError(error);
  process.exitCode = 1;
}
