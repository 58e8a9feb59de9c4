-- A cost of nothing once made every skill of a category free.
--
-- SQLite cannot add a constraint to a table: make the table again, copy the rows, and take the old one's place, in the
-- order of "Making Other Kinds Of Table Schema Changes" (sqlite.org/lang_altertable.html). Nothing refers to either table.

CREATE TABLE gsm_learning_costs_next (
    class_code    VARCHAR(40) NOT NULL,
    category_code VARCHAR(40) NOT NULL,
    ep_per_unit   INTEGER     NOT NULL,
    CONSTRAINT gsm_learning_costs_pk PRIMARY KEY (class_code, category_code),
    CONSTRAINT gsm_learning_costs_class_fk FOREIGN KEY (class_code) REFERENCES gsm_character_classes (code),
    CONSTRAINT gsm_learning_costs_category_fk FOREIGN KEY (category_code) REFERENCES gsm_skill_categories (code),
    CONSTRAINT gsm_learning_costs_positive CHECK (ep_per_unit > 0)
);
INSERT INTO gsm_learning_costs_next (class_code, category_code, ep_per_unit)
SELECT class_code, category_code, ep_per_unit FROM gsm_learning_costs;
DROP TABLE gsm_learning_costs;
ALTER TABLE gsm_learning_costs_next RENAME TO gsm_learning_costs;
CREATE INDEX gsm_learning_costs_category_idx ON gsm_learning_costs (category_code);

CREATE TABLE gsm_spell_learning_costs_next (
    class_code    VARCHAR(40) NOT NULL,
    school_code   VARCHAR(40) NOT NULL,
    ep_per_level  INTEGER     NOT NULL,
    CONSTRAINT gsm_spell_learning_costs_pk PRIMARY KEY (class_code, school_code),
    CONSTRAINT gsm_spell_learning_costs_class_fk FOREIGN KEY (class_code) REFERENCES gsm_character_classes (code),
    CONSTRAINT gsm_spell_learning_costs_school_fk FOREIGN KEY (school_code) REFERENCES gsm_spell_schools (code),
    CONSTRAINT gsm_spell_learning_costs_positive CHECK (ep_per_level > 0)
);
INSERT INTO gsm_spell_learning_costs_next (class_code, school_code, ep_per_level)
SELECT class_code, school_code, ep_per_level FROM gsm_spell_learning_costs;
DROP TABLE gsm_spell_learning_costs;
ALTER TABLE gsm_spell_learning_costs_next RENAME TO gsm_spell_learning_costs;
CREATE INDEX gsm_spell_learning_costs_school_idx ON gsm_spell_learning_costs (school_code);
