import { readFile } from 'node:fs/promises';
import { downloadsView, VIEWS_DIR, views } from '../../../catalog/index.ts';

/** Columns of the live materialized views as the old system orders them; `wdpa_id` of the aggregates is bigint there. */
const COLUMNS: Readonly<Record<string, string>> = {
  portal_iso3_agg: 'wdpa_id::bigint as wdpa_id, parcel_id, iso3s',
  portal_parent_iso3_agg: 'wdpa_id::bigint as wdpa_id, parcel_id, parent_iso3s',
  portal_int_crit_agg: 'wdpa_id::bigint as wdpa_id, parcel_id, int_crit',
  portal_standard_polygons: `ogc_fid, site_id, site_pid, site_type, name_eng, name, desig, desig_eng, desig_type, iucn_cat, int_crit, realm,
    rep_m_area, gis_m_area, rep_area, gis_area, no_take, no_tk_area, status, status_yr, gov_type, verif, inlnd_wtrs, own_type, mang_auth,
    mang_plan, cons_obj, supp_info, metadataid, prnt_iso3, iso3, govsubtype, ownsubtype, oecm_asmt, shape_length, shape_area, wkb_geometry`,
  portal_standard_points: `ogc_fid, site_id, site_pid, site_type, name_eng, name, desig, desig_eng, desig_type, iucn_cat, int_crit, realm,
    rep_m_area, rep_area, no_take, no_tk_area, status, status_yr, gov_type, own_type, mang_auth, mang_plan, cons_obj, supp_info, verif,
    inlnd_wtrs, metadataid, prnt_iso3, iso3, govsubtype, ownsubtype, oecm_asmt, wkb_geometry`,
  portal_standard_sources: `index_id, metadataid, data_title, resp_party, verifier, year, update_yr, language, char_set, ref_system, scale,
    lineage, citation, disclaimer`,
  portal_standard_pame: `id, asmt_id, eff_metaid, site_id, site_pid, method, submityear, asmt_year, verif_eff, asmt_url, info_url, gov_act,
    gov_asmt, dp_bio, dp_other, mgmt_obset, mgmt_obman, mgmt_adapt, mgmt_staff, mgmt_budgt, mgmt_thrts, mgmt_mon, out_bio`,
  portal_standard_pame_sources: 'id, eff_metaid, data_title, resp_party, resp_email, resp_pers, year, language',
  portal_standard_greenlist: 'id, site_id, site_pid, gl_status, gl_expiry, gl_link',
};

const selectOf = async (name: string): Promise<string> => readFile(`${VIEWS_DIR}${name}.sql`, 'utf8');

/** The old system's materialized views with their indexes, one of them redundant. @param prefix '' or `staging_` */
export async function oldViews(prefix: string): Promise<string[]> {
  const statements: string[] = [];
  for (const { name, indexes } of views) {
    const select = (await selectOf(name)).replaceAll('staging_portal_', `${prefix}portal_`);
    statements.push(`create materialized view ${prefix}${name} as select ${COLUMNS[name]} from (\n${select}\n) v`);
    for (const index of indexes) {
      const unique = index.unique ? 'unique ' : '';
      const using = index.using ? ` using ${index.using}` : '';
      statements.push(
        `create ${unique}index ${prefix}${index.name} on ${prefix}${name}${using} (${index.columns.join(', ')})`,
      );
    }
  }
  statements.push(`create index ${prefix}idx_portal_pame_sources_id on ${prefix}portal_standard_pame_sources (id)`);
  return statements;
}

export async function oldDownloadsView(prefix = ''): Promise<string> {
  const select = (await selectOf(downloadsView))
    .replace(/^--.*\n/gm, '')
    .replaceAll(' portal_standard_', ` ${prefix}portal_standard_`);
  return `create view ${prefix}${downloadsView} as ${select}`;
}
