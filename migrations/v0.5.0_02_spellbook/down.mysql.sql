-- An index has its name within its table here, so the table must be said.
DROP VIEW gsm_spellbook;
DROP INDEX gsm_spells_learning_category_idx ON gsm_spells;
DROP INDEX gsm_skills_name_en_idx ON gsm_skills;
DROP INDEX gsm_skills_name_de_idx ON gsm_skills;
DROP INDEX gsm_spells_name_en_idx ON gsm_spells;
DROP INDEX gsm_spells_name_de_idx ON gsm_spells;
