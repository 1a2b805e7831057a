-- Pseudo-random numbers that belong to a thing and a purpose: the same site, purpose and seed always draw the same
-- number, whatever else is in the portal. With constant purpose and seed the inner hash is folded by the planner.
CREATE OR REPLACE FUNCTION demo.u(key bigint, purpose text, seed bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashint8extended(key, hashtextextended(purpose, seed)) & 9007199254740991)::double precision / 9007199254740992.0
$$;

-- A whole number from 0 to choices - 1.
CREATE OR REPLACE FUNCTION demo.pick(key bigint, purpose text, seed bigint, choices integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((hashint8extended(key, hashtextextended(purpose, seed)) & 9007199254740991) % choices)::integer
$$;

-- Standard normal (Box-Muller), cut at 4.5: bell curves and long tails.
CREATE OR REPLACE FUNCTION demo.z(key bigint, purpose text, seed bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(4.5, greatest(-4.5, sqrt(-2 * ln(demo.u(key, purpose, seed) + 1e-12)) * cos(2 * pi() * demo.u(key, purpose, seed + 1))))
$$;
