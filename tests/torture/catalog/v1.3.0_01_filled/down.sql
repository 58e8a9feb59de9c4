DROP TABLE filled;
