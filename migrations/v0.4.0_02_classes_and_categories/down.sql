DROP TABLE gsm_spell_schools;
DROP TABLE gsm_skill_difficulties;
DROP TABLE gsm_skill_categories;
DROP TABLE gsm_character_classes;
