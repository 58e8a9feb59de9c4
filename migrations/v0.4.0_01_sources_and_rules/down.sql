-- One table in each statement: a server that dies between two of a list leaves half of it done.
DROP TABLE gsm_rules;
DROP TABLE gsm_sources;
