ALTER TABLE gsm_spells DROP COLUMN learning_category;
