DROP TABLE gsm_skill_category_difficulties;
DROP TABLE gsm_spell_learning_costs;
DROP TABLE gsm_learning_costs;
