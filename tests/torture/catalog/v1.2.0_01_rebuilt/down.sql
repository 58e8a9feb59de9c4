DROP TABLE ledger_kept;
UPDATE ledger SET n = n - 1;
ALTER TABLE ledger RENAME COLUMN remark TO note;
DROP VIEW rich;
DROP INDEX posts_body;
