CREATE TABLE ledger_rebuilt (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 0), note VARCHAR(40));
INSERT INTO ledger_rebuilt SELECT id, n + 1, note FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_rebuilt RENAME TO ledger;
CREATE VIEW rich AS SELECT id, n FROM ledger WHERE n > 100;
CREATE TABLE notes (id INTEGER PRIMARY KEY, ledger_id INTEGER REFERENCES ledger (id));
INSERT INTO notes SELECT id, id FROM ledger;
INSERT INTO copies SELECT id, n, 'last' FROM ledger;
