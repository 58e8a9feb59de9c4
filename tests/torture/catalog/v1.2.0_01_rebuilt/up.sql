CREATE VIEW rich AS SELECT id, n FROM ledger WHERE n > 100;
ALTER TABLE ledger RENAME COLUMN note TO remark;
UPDATE ledger SET n = n + 1;
CREATE TABLE ledger_kept (id INTEGER NOT NULL, n INTEGER NOT NULL);
INSERT INTO ledger_kept SELECT id, n FROM ledger;
UPDATE ledger_kept SET n = n * 3;
INSERT INTO ledger_kept SELECT id, n FROM copies;
CREATE INDEX posts_body ON posts (body);
INSERT INTO effects SELECT COALESCE((SELECT MAX(seq) FROM effects), 0) + 1, 'rebuilt', epoch FROM windlass_lock WHERE id = 1;
