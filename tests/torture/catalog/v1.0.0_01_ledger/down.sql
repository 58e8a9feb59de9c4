DROP TABLE entries;
DROP TABLE copies;
DROP TABLE ledger;
