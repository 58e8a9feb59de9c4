-- What a class pays, in experience points, for one unit of learning in a category of skills.
CREATE TABLE gsm_learning_costs (
    class_code    VARCHAR(40) NOT NULL,
    category_code VARCHAR(40) NOT NULL,
    ep_per_unit   INTEGER     NOT NULL,
    CONSTRAINT gsm_learning_costs_pk PRIMARY KEY (class_code, category_code),
    CONSTRAINT gsm_learning_costs_class_fk FOREIGN KEY (class_code) REFERENCES gsm_character_classes (code),
    CONSTRAINT gsm_learning_costs_category_fk FOREIGN KEY (category_code) REFERENCES gsm_skill_categories (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

-- The primary key serves the first foreign key, not the second. So in the two tables below.
CREATE INDEX gsm_learning_costs_category_idx ON gsm_learning_costs (category_code);

-- What a class pays for one level of a spell of a school; no row: the class cannot learn it.
CREATE TABLE gsm_spell_learning_costs (
    class_code    VARCHAR(40) NOT NULL,
    school_code   VARCHAR(40) NOT NULL,
    ep_per_level  INTEGER     NOT NULL,
    CONSTRAINT gsm_spell_learning_costs_pk PRIMARY KEY (class_code, school_code),
    CONSTRAINT gsm_spell_learning_costs_class_fk FOREIGN KEY (class_code) REFERENCES gsm_character_classes (code),
    CONSTRAINT gsm_spell_learning_costs_school_fk FOREIGN KEY (school_code) REFERENCES gsm_spell_schools (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_spell_learning_costs_school_idx ON gsm_spell_learning_costs (school_code);

-- A skill may belong to several categories, and be easier to learn in one than in another.
CREATE TABLE gsm_skill_category_difficulties (
    skill_code      VARCHAR(40) NOT NULL,
    category_code   VARCHAR(40) NOT NULL,
    difficulty_code VARCHAR(40) NOT NULL,
    learning_units  INTEGER     NOT NULL,
    CONSTRAINT gsm_skill_category_difficulties_pk PRIMARY KEY (skill_code, category_code),
    CONSTRAINT gsm_skill_category_difficulties_skill_fk FOREIGN KEY (skill_code) REFERENCES gsm_skills (code),
    CONSTRAINT gsm_skill_category_difficulties_category_fk
        FOREIGN KEY (category_code) REFERENCES gsm_skill_categories (code),
    CONSTRAINT gsm_skill_category_difficulties_difficulty_fk
        FOREIGN KEY (difficulty_code) REFERENCES gsm_skill_difficulties (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_skill_category_difficulties_category_idx ON gsm_skill_category_difficulties (category_code);
CREATE INDEX gsm_skill_category_difficulties_difficulty_idx ON gsm_skill_category_difficulties (difficulty_code);
