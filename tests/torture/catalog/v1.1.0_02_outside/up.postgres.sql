ALTER TABLE copies ADD COLUMN kind VARCHAR(20);
UPDATE copies SET n = n + 1;
CREATE INDEX CONCURRENTLY copies_n ON copies (n);
CREATE TABLE extras (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
INSERT INTO extras SELECT id, n FROM ledger;
UPDATE extras SET n = n * 3;
DROP TABLE entries;
UPDATE copies SET n = n * 3;
