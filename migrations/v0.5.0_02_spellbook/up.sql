-- Players search by name, in their own language.
CREATE INDEX gsm_spells_name_de_idx ON gsm_spells (name_de);
CREATE INDEX gsm_spells_name_en_idx ON gsm_spells (name_en);
CREATE INDEX gsm_skills_name_de_idx ON gsm_skills (name_de);
CREATE INDEX gsm_skills_name_en_idx ON gsm_skills (name_en);
CREATE INDEX gsm_spells_learning_category_idx ON gsm_spells (learning_category, spell_level);

-- One line for each spell, with what decides its costs.
CREATE VIEW gsm_spellbook AS
SELECT
    spell.code,
    spell.name_de,
    spell.name_en,
    school.name_de AS school_de,
    school.name_en AS school_en,
    COALESCE(spell.learning_category, school.name_de) AS learned_as,
    spell.spell_level,
    spell.endurance_cost
FROM gsm_spells AS spell
JOIN gsm_spell_schools AS school ON school.code = spell.school_code;
