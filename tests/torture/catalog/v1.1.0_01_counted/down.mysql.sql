UPDATE ledger SET n = n DIV 3;
DROP INDEX ledger_n ON ledger;
DELETE FROM copies;
ALTER TABLE ledger DROP COLUMN note;
UPDATE ledger SET n = n - 1;
