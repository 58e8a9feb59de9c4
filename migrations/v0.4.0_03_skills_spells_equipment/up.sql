CREATE TABLE gsm_skills (
    code          VARCHAR(40)  NOT NULL,
    source_code   VARCHAR(40)  NOT NULL,
    page          INTEGER,
    name_de       VARCHAR(200) NOT NULL,
    name_en       VARCHAR(200) NOT NULL,
    initial_value INTEGER      NOT NULL DEFAULT 8,
    improvable    BOOLEAN      NOT NULL DEFAULT TRUE,
    CONSTRAINT gsm_skills_pk PRIMARY KEY (code),
    CONSTRAINT gsm_skills_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_skills_source_idx ON gsm_skills (source_code);

CREATE TABLE gsm_weapon_skills (
    code            VARCHAR(40)  NOT NULL,
    source_code     VARCHAR(40)  NOT NULL,
    difficulty_code VARCHAR(40)  NOT NULL,
    page            INTEGER,
    name_de         VARCHAR(200) NOT NULL,
    name_en         VARCHAR(200) NOT NULL,
    is_ranged       BOOLEAN      NOT NULL DEFAULT FALSE,
    CONSTRAINT gsm_weapon_skills_pk PRIMARY KEY (code),
    CONSTRAINT gsm_weapon_skills_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code),
    CONSTRAINT gsm_weapon_skills_difficulty_fk FOREIGN KEY (difficulty_code) REFERENCES gsm_skill_difficulties (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_weapon_skills_source_idx ON gsm_weapon_skills (source_code);
CREATE INDEX gsm_weapon_skills_difficulty_idx ON gsm_weapon_skills (difficulty_code);

-- No category: a spell that is learned like its school.
CREATE TABLE gsm_spells (
    code             VARCHAR(40)  NOT NULL,
    source_code      VARCHAR(40)  NOT NULL,
    school_code      VARCHAR(40)  NOT NULL,
    page             INTEGER,
    name_de          VARCHAR(200) NOT NULL,
    name_en          VARCHAR(200) NOT NULL,
    category         VARCHAR(100),
    spell_level      INTEGER      NOT NULL,
    endurance_cost   INTEGER      NOT NULL,
    casting_seconds  INTEGER      NOT NULL,
    reach_metres     INTEGER      NOT NULL,
    duration_minutes INTEGER      NOT NULL,
    CONSTRAINT gsm_spells_pk PRIMARY KEY (code),
    CONSTRAINT gsm_spells_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code),
    CONSTRAINT gsm_spells_school_fk FOREIGN KEY (school_code) REFERENCES gsm_spell_schools (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_spells_source_idx ON gsm_spells (source_code);
CREATE INDEX gsm_spells_school_idx ON gsm_spells (school_code, spell_level);

CREATE TABLE gsm_equipment (
    code          VARCHAR(40)   NOT NULL,
    source_code   VARCHAR(40)   NOT NULL,
    page          INTEGER,
    name_de       VARCHAR(200)  NOT NULL,
    name_en       VARCHAR(200)  NOT NULL,
    weight_kg     NUMERIC(8, 3) NOT NULL,
    price_coppers INTEGER       NOT NULL,
    CONSTRAINT gsm_equipment_pk PRIMARY KEY (code),
    CONSTRAINT gsm_equipment_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_equipment_source_idx ON gsm_equipment (source_code);
