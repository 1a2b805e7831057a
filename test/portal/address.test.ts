import { expect, it } from 'vitest';
import { parsePortalAddress } from '../../activities/portal/address.ts';

const login = { user: 'reader', password: 'p@ss/?#' };
const TOLD = 'postgresql://reader:p%40ss%2F%3F%23@';

it.each([
  ['db.example:5433/portal', { host: 'db.example', port: '5433', dbname: 'portal' }],
  ['db.example/portal', { host: 'db.example', port: '5432', dbname: 'portal' }],
  ['[::1]:5433/portal', { host: '::1', port: '5433', dbname: 'portal' }],
  ['[fe80::1%25eth0]/portal', { host: 'fe80::1%eth0', port: '5432', dbname: 'portal' }],
  ['a:1,[::2]:2,c/portal', { host: 'a,::2,c', port: '1,2,5432', dbname: 'portal' }],
  ['%2Frun%2Fpg/portal', { host: '/run/pg', port: '5432', dbname: 'portal' }],
  ['db/my%20portal', { host: 'db', port: '5432', dbname: 'my portal' }],
  ['db', { host: 'db', port: '5432', dbname: 'reader' }],
  ['/portal?host=db&port=9', { host: 'db', port: '9', dbname: 'portal' }],
  ['db/p?sslmode=verify-full&sslrootcert=%2Fca', { sslmode: 'verify-full', sslrootcert: '/ca' }],
  ['db/p?ssl=true', { sslmode: 'require' }],
  ['db/p?options=-c%20x%3D1&connect_timeout=3', { options: '-c x=1', connect_timeout: '3' }],
  ['db/p?target_session_attrs=read-only&keepalives=1', { target_session_attrs: 'read-only', keepalives: '1' }],
])('%s is read as libpq reads it', (rest, server) => {
  const address = parsePortalAddress(TOLD + rest);
  expect(address).toMatchObject({ server, login });
  expect(Object.keys(address.login).sort()).toEqual(['password', 'user']);
});

it('the password of a key goes with the login, and a parameter overrides what stands before it', () => {
  expect(parsePortalAddress('postgres://a:b@h/p?sslpassword=secret&user=c').login).toEqual({
    user: 'c',
    password: 'b',
    sslpassword: 'secret',
  });
});

it.each([
  ['rubbish', /is no address such as postgresql:/],
  ['mysql://a:secret@h/p', /is no address such as/],
  ['postgresql://host/p', /names no user/],
  ['postgresql://a:secret@h:99999/p', /no port 99999/],
  ['postgresql://a:secret@h:x/p', /a host cannot be read/],
  ['postgresql://a:secret@::1/p', /a host cannot be read; an IPv6 address stands in brackets/],
  ['postgresql://a:secret@more@h/p', /an @ in a password is written %40/],
  ['postgresql://a:sec%ret@h/p', /its password cannot be read; a % is written %25/],
  ['postgresql://a:secret@h/p?client_encoding=latin1', /parameter client_encoding is none/],
  ['postgresql://a:secret@h/p?use_remote_estimate=false', /parameter use_remote_estimate is none/],
  ['postgresql://a:secret@h/p?sslmode', /parameter sslmode has no value/],
])('%s is refused, and the message has no password', (text, reason) => {
  const error = (() => {
    try {
      return parsePortalAddress(text);
    } catch (fault) {
      return fault as Error & { type?: string };
    }
  })();
  expect(error).toMatchObject({ type: 'BadInput', message: expect.stringMatching(reason) });
  expect(String((error as Error).message)).not.toMatch(/sec(ret|%ret)/);
});
