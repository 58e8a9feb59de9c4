-- Master data is keyed by codes, not by numbers that a server hands out: a code means the same in every
-- installation, so exports can be merged and no sequence has to be repaired.
--
-- The /*! */ after each table is read by MariaDB and MySQL only: names have umlauts whatever the server's default is.

CREATE TABLE gsm_sources (
    code        VARCHAR(40)  NOT NULL,
    name_de     VARCHAR(200) NOT NULL,
    name_en     VARCHAR(200) NOT NULL,
    edition     INTEGER      NOT NULL DEFAULT 1,
    is_core     BOOLEAN      NOT NULL DEFAULT FALSE,
    CONSTRAINT gsm_sources_pk PRIMARY KEY (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE TABLE gsm_rules (
    code        VARCHAR(40)  NOT NULL,
    source_code VARCHAR(40)  NOT NULL,
    page        INTEGER,
    name_de     VARCHAR(200) NOT NULL,
    name_en     VARCHAR(200) NOT NULL,
    setting     VARCHAR(100) NOT NULL,
    CONSTRAINT gsm_rules_pk PRIMARY KEY (code),
    CONSTRAINT gsm_rules_source_fk FOREIGN KEY (source_code) REFERENCES gsm_sources (code)
) /*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci */;

CREATE INDEX gsm_rules_source_idx ON gsm_rules (source_code);
