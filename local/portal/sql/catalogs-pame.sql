-- Catalogs of management evaluations (PAME) and the Green List. The odd spellings are the real ones.
SELECT demo.fill_catalog('pame.greenlist_status_cat', '[[1, "green_listed", "Green Listed"], [2, "green_listed_2", "Green Listed "],
  [3, "relisted", "Relisted"], [4, "Re-Listed", null], [5, "candidate", "Candidate"]]');
SELECT demo.fill_catalog('pame.method_cat', '[[1, "METT", null], [2, "METT 4", "METT-4"], [3, "rappam", "RAPPAM"],
  [4, "imet", "Integrated Management Effectiveness Tool (IMET)"], [5, "bip", "BIP-IT"],
  [6, "gapa", "Governance Assessment for Protected Areas (GAPA)"], [7, "sage", "SAGE"], [8, "gl", "IUCN Green List"],
  [9, "eoh", "Enhancing our Heritage"], [10, "Birdlife IBA", null], [11, "parcs", "Parks Canada: State of the Park"],
  [12, "tracking", "GEF Tracking Tool"], [13, "simef", "SIMEF (España)"], [14, "meth_nr", "Not reported"]]');
SELECT demo.fill_catalog('pame.verification_effectiveness_cat', '[[1, "state", "State verified"], [2, "expert", "Expert verified"],
  [3, "Not reported", null]]');
SELECT demo.fill_catalog('pame.designation_purpose_biodiversity_cat', '[[1, "species", "Species"], [2, "habitats", "Habitats"],
  [3, "ecosystem", "Ecosystem services"], [4, "genetic", "Genetic resources"], [5, "Landscape", null], [6, "nr", "Not Reported"]]');
SELECT demo.fill_catalog('pame.designation_purpose_other_cat', '[[1, "culture", "Cultural heritage"], [2, "recreation", "Recreation and tourism"],
  [3, "geology", "Geological heritage"], [4, "Livelihoods", null], [5, "nr", "Not reported"]]');

-- The graded answers are the same four everywhere, with the question's own words behind the letter.
DO $$
DECLARE question record;
BEGIN
  FOR question IN
    SELECT * FROM (VALUES
      ('governance_action', 'recommendations are put into action'), ('governance_assessment', 'governance has been assessed'),
      ('outcomes_biodiversity', 'biodiversity outcomes are met'), ('management_objectives_set', 'objectives are set'),
      ('management_objectives_managed', 'the site is managed to its objectives'),
      ('management_adaptation', 'management adapts to what is learned'), ('management_staff', 'there is enough staff'),
      ('management_budget', 'the budget is sufficient'), ('management_threats', 'threats are dealt with'),
      ('management_monitoring', 'monitoring takes place')) AS q (name, words)
  LOOP
    PERFORM demo.fill_catalog(format('pame.%s_cat', question.name), jsonb_build_array(
      jsonb_build_array(1, 'A', 'A. Yes - ' || question.words), jsonb_build_array(2, 'B', 'B. Partially - ' || question.words),
      jsonb_build_array(3, 'C', 'C. To a small degree - ' || question.words),
      jsonb_build_array(4, 'D. No - nothing of it', null), jsonb_build_array(5, 'NR', 'Not reported'),
      jsonb_build_array(6, 'Not Reported', null)));
  END LOOP;
END $$;
