-- What is dropped, replaced, emptied and made anew by what follows, and what shows how often each of it was done.
CREATE TABLE kept (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE audit (id INTEGER NOT NULL, n INTEGER NOT NULL);
CREATE TABLE one_of_two (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE other_of_two (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE replaced (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE emptied (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
INSERT INTO kept VALUES (1, 1), (2, 20), (3, 300), (4, 4000), (5, 50000);
INSERT INTO one_of_two SELECT id, n FROM kept;
INSERT INTO other_of_two SELECT id, n FROM kept;
INSERT INTO replaced SELECT id, n FROM kept;
INSERT INTO emptied SELECT id, n FROM kept;
CREATE VIEW seen AS SELECT id, n FROM kept;
CREATE TRIGGER kept_audited AFTER UPDATE ON kept BEGIN INSERT INTO audit VALUES (NEW.id, NEW.n); END;
CREATE TABLE posts (id INTEGER PRIMARY KEY, body VARCHAR(60) NOT NULL);
CREATE TABLE effects (seq INTEGER PRIMARY KEY, step VARCHAR(20) NOT NULL, epoch BIGINT NOT NULL);
