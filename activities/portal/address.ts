import { ReleaseError } from '../postgres/errors.ts';

/** Where the portal is, as libpq's parameters: what a foreign server may hold, and what a user mapping must hold. */
export interface PortalAddress {
  server: Record<string, string>;
  login: Record<string, string>;
}

const EXAMPLE = 'postgresql://portal_reader:password@host:5432/portal';

/**
 * Parameters of libpq (PostgreSQL manual, "Parameter Key Words", up to version 18) that a foreign server can hold. Left out
 * are those that postgres_fdw sets itself (client_encoding, fallback_application_name) and `replication`.
 */
const SERVER_PARAMETERS: ReadonlySet<string> = new Set([
  ...['host', 'hostaddr', 'port', 'dbname', 'connect_timeout', 'options', 'application_name', 'service', 'passfile'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...['sslmode', 'sslnegotiation', 'sslcompression', 'sslcert', 'sslkey', 'sslcertmode', 'sslrootcert', 'sslcrl'],
  ...['sslcrldir', 'sslsni', 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'min_protocol_version'],
  ...['max_protocol_version', 'channel_binding', 'require_auth', 'requirepeer', 'gssencmode', 'krbsrvname', 'gsslib'],
  ...['gssdelegation', 'target_session_attrs', 'load_balance_hosts'],
]);
const LOGIN_PARAMETERS: ReadonlySet<string> = new Set(['user', 'password', 'sslpassword']);

/** True for an option of a server that an address decides: one that the address does not name is not left over. */
export function isAddressOption(name: string): boolean {
  return SERVER_PARAMETERS.has(name);
}

/**
 * Reads an address as libpq does: several hosts, IPv6 in brackets, parameters. What is not understood is refused by name;
 * no message shows the address, since a password is in it.
 *
 * @throws ReleaseError BadInput
 */
export function parsePortalAddress(text: string): PortalAddress {
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text);
  if (!parts) throw bad(`it is no address such as ${EXAMPLE}`);
  const [, userinfo = '', hosts = '', database = '', query = ''] = parts;
  const colon = userinfo.indexOf(':');
  const user = decode('user', colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = colon < 0 ? '' : decode('password', userinfo.slice(colon + 1));
  const parameters = readParameters(query);
  const given = withoutEmpty({ ...readHosts(hosts), dbname: decode('database', database), user, password });
  const all: Record<string, string> = { ...given, ...parameters };
  if (!all.user) throw bad(`it names no user; it is an address such as ${EXAMPLE}`);
  const entries = Object.entries({ dbname: all.user, ...all });
  return {
    server: Object.fromEntries(entries.filter(([name]) => SERVER_PARAMETERS.has(name))),
    login: Object.fromEntries(entries.filter(([name]) => LOGIN_PARAMETERS.has(name))),
  };
}

/** Several hosts are tried in turn; libpq wants a port for each. */
function readHosts(text: string): Record<string, string> {
  const found = text.split(',').map((one) => {
    const parts = /^(\[[^\]@]*\]|[^:@[\]]*)(?::(\d*))?$/.exec(one);
    if (!parts)
      throw bad('a host cannot be read; an IPv6 address stands in brackets, an @ in a password is written %40');
    const [, host = '', port = ''] = parts;
    return { host: decode('host', host.replace(/^\[(.*)\]$/, '$1')), port: port || '5432' };
  });
  for (const { port } of found) if (Number(port) < 1 || Number(port) > 65535) throw bad(`there is no port ${port}`);
  return { host: found.map(({ host }) => host).join(','), port: found.map(({ port }) => port).join(',') };
}

function readParameters(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const pair of query.split('&').filter(Boolean)) {
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(pair) ?? [];
    const key = decode('name of a parameter', name);
    if (value === undefined) throw bad(`parameter ${key} has no value`);
    // As JDBC writes it; libpq understands it, too.
    if (key === 'ssl' && value === 'true') parameters.sslmode = 'require';
    else if (SERVER_PARAMETERS.has(key) || LOGIN_PARAMETERS.has(key)) parameters[key] = decode(key, value);
    else throw bad(`parameter ${key} is none that a link to the portal can have; leave it out`);
  }
  return parameters;
}

function decode(what: string, text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Said below.
  }
  throw bad(`its ${what} cannot be read; a % is written %25`);
}

function withoutEmpty(options: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''));
}

function bad(why: string): ReleaseError {
  return new ReleaseError('BadInput', `the portal's address is not right: ${why}`);
}
