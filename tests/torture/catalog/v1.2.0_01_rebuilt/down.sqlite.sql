DELETE FROM copies WHERE kind = 'last';
DROP TABLE notes;
DROP VIEW rich;
CREATE TABLE ledger_before (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, note VARCHAR(40));
INSERT INTO ledger_before SELECT id, n - 1, note FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_before RENAME TO ledger;
CREATE INDEX ledger_n ON ledger (n);
DROP INDEX posts_body;
