-- The category decides what a spell does, and until now also what it costs to learn. From here on the two may differ.
ALTER TABLE gsm_spells ADD COLUMN learning_category VARCHAR(100);

-- Every spell starts with what it has today. A spell without a category stays without: its school decides.
UPDATE gsm_spells
SET learning_category = category
WHERE (learning_category IS NULL OR learning_category = '')
  AND category IS NOT NULL;
