UPDATE ledger SET n = n / 3;
DROP INDEX ledger_n;
DELETE FROM copies;
ALTER TABLE ledger DROP COLUMN note;
UPDATE ledger SET n = n - 1;
