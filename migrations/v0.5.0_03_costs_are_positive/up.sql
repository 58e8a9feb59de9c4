-- A cost of nothing once made every skill of a category free.
ALTER TABLE gsm_learning_costs
    ADD CONSTRAINT gsm_learning_costs_positive CHECK (ep_per_unit > 0);
ALTER TABLE gsm_spell_learning_costs
    ADD CONSTRAINT gsm_spell_learning_costs_positive CHECK (ep_per_level > 0);
