DROP TABLE entries;
DROP TABLE copies;
DROP TABLE ledger;
DROP TABLE posts;
DROP TABLE effects;
