CREATE TABLE gsm_character_classes (
    code        VARCHAR(40)  NOT NULL,
    source_code VARCHAR(40)  NOT NULL,
    name_de     VARCHAR(100) NOT NULL,
    name_en     VARCHAR(100) NOT NULL,
    can_cast    BOOLEAN      NOT NULL DEFAULT FALSE,
    CONSTRAINT gsm_character_classes_pk PRIMARY KEY (code),
    CONSTRAINT gsm_character_classes_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_character_classes_source_idx ON gsm_character_classes (source_code);

CREATE TABLE gsm_skill_categories (
    code        VARCHAR(40)  NOT NULL,
    name_de     VARCHAR(100) NOT NULL,
    name_en     VARCHAR(100) NOT NULL,
    CONSTRAINT gsm_skill_categories_pk PRIMARY KEY (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

-- Difficulties have an order; their names do not sort into it.
CREATE TABLE gsm_skill_difficulties (
    code        VARCHAR(40)  NOT NULL,
    name_de     VARCHAR(100) NOT NULL,
    name_en     VARCHAR(100) NOT NULL,
    sort_order  INTEGER      NOT NULL,
    CONSTRAINT gsm_skill_difficulties_pk PRIMARY KEY (code),
    CONSTRAINT gsm_skill_difficulties_order_uk UNIQUE (sort_order)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE TABLE gsm_spell_schools (
    code        VARCHAR(40)  NOT NULL,
    name_de     VARCHAR(100) NOT NULL,
    name_en     VARCHAR(100) NOT NULL,
    CONSTRAINT gsm_spell_schools_pk PRIMARY KEY (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;
