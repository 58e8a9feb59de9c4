DROP VIEW gsm_spellbook;
DROP INDEX gsm_spells_learning_category_idx;
DROP INDEX gsm_skills_name_en_idx;
DROP INDEX gsm_skills_name_de_idx;
DROP INDEX gsm_spells_name_en_idx;
DROP INDEX gsm_spells_name_de_idx;
